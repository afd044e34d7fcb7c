// Whether nothing was lost and nothing claimed: the daemon's log, the oracle's journal and the folder must tell one story.
import type { RequestArrival } from './journal.ts';

/** One log line of a daemon. */
export type LogLine = Readonly<Record<string, unknown>>;

export interface KeptEntry {
  readonly requestId: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface History {
  /** Of all lives of the daemon, in order. */
  readonly lines: readonly LogLine[];
  readonly arrivals: readonly RequestArrival[];
  /** In the outbox now. */
  readonly kept: readonly KeptEntry[];
  /** Request ids in the quarantine folder now. */
  readonly quarantined: readonly string[];
  /** Entries as earlier looks at the folder found them. */
  readonly seen?: readonly KeptEntry[];
  /** How often the daemon was killed: each time at most one line of each kind may not have been written. */
  readonly kills?: number;
}

export interface Verdict {
  /** Empty where all is well. */
  readonly violations: readonly string[];
  readonly accepted: number;
  /** By a PUBACK that the log tells of. */
  readonly acknowledged: number;
  readonly sentAtQos0: number;
  /** In the journal, and the daemon was killed before its line. */
  readonly acknowledgedUntold: number;
  readonly kept: number;
  readonly quarantined: number;
  readonly dropped: number;
  readonly lost: number;
  /** Arrivals of requests that had arrived before. */
  readonly repeats: number;
}

type End = 'acknowledged' | 'sentAtQos0' | 'kept' | 'quarantined' | 'dropped';

export function checkConservation(history: History): Verdict {
  const { kills = 0 } = history;
  const stored = history.lines.filter(({ event }) => event === 'request.stored');
  const accepted = new Set(stored.map(idOf));
  const arrived = new Set(history.arrivals.map(({ requestId }) => requestId));
  const ends = endsOf(history);
  const untold = [...accepted].filter((id) => !ends.has(id) && arrived.has(id));
  const lost = [...accepted].filter((id) => !ends.has(id) && !arrived.has(id));
  const unknown = [...new Set([...arrived, ...ends.keys()])].filter((id) => !accepted.has(String(id)));
  const count = (end: End): number =>
    [...accepted].filter((id) => ends.get(id)?.includes(end) === true).length;
  return {
    violations: [
      ...lost.map((id) => `${id} was stored and is nowhere`),
      ...(untold.length > kills
        ? [`${untold.length} arrived and left the outbox without a line, in ${kills} kills`]
        : []),
      ...(unknown.length > kills
        ? [`${unknown.length} that no line says were stored, in ${kills} kills: ${unknown.join(', ')}`]
        : []),
      ...repeated(stored.map(idOf)).map((id) => `${id} was stored twice`),
      ...contradictions(ends),
      ...falseClaims(ends, arrived),
      ...quarantineDiffers(history),
      ...contentDiffers(history, stored),
    ],
    ...{ accepted: accepted.size, acknowledged: count('acknowledged'), sentAtQos0: count('sentAtQos0') },
    ...{ acknowledgedUntold: untold.length, kept: count('kept'), quarantined: count('quarantined') },
    ...{ dropped: count('dropped'), lost: lost.length, repeats: history.arrivals.length - arrived.size },
  };
}

/** How each request ended, as the log and the folder say; a well-behaved one has one end. */
function endsOf({ lines, kept, quarantined }: History): Map<string, readonly End[]> {
  const ends = new Map<string, readonly End[]>();
  const add = (id: string, end: End): void => {
    ends.set(id, [...(ends.get(id) ?? []), end]);
  };
  for (const line of lines) {
    if (line['event'] === 'request.acknowledged') {
      add(idOf(line), line['by'] === 'socket' ? 'sentAtQos0' : 'acknowledged');
    }
    // Refused before it was stored: it was never accepted.
    if (line['event'] === 'request.dropped' && line['accepted'] !== false) add(idOf(line), 'dropped');
  }
  for (const { requestId } of kept) add(requestId, 'kept');
  for (const id of quarantined) add(id, 'quarantined');
  return ends;
}

function contradictions(ends: ReadonlyMap<string, readonly End[]>): string[] {
  return [...ends].flatMap(([id, all]) => (all.length > 1 ? [`${id} ended as ${all.join(' and ')}`] : []));
}

function falseClaims(
  ends: ReadonlyMap<string, readonly End[]>,
  arrived: ReadonlySet<string | null>,
): string[] {
  return [...ends].flatMap(([id, all]) =>
    all.includes('acknowledged') && !arrived.has(id)
      ? [`${id} is said to be acknowledged, the broker never had it`]
      : [],
  );
}

/** What the log says went to quarantine is there, or went from there as a recorded drop. */
function quarantineDiffers({ lines, quarantined }: History): string[] {
  const idsOf = (event: string): string[] => lines.filter((line) => line['event'] === event).map(idOf);
  const dropped = idsOf('request.dropped');
  const said = idsOf('request.quarantined');
  return [
    ...said
      .filter((id) => !quarantined.includes(id) && !dropped.includes(id))
      .map((id) => `${id} is said to be in quarantine and is not there`),
    ...quarantined.filter((id) => !said.includes(id)).map((id) => `${id} is in quarantine without a line`),
  ];
}

/** Every arrival and every file of one request holds the same bytes, as many as the log said. */
function contentDiffers({ arrivals, kept, seen = [] }: History, stored: readonly LogLine[]): string[] {
  const bytesOf = new Map(stored.map((line) => [idOf(line), line['bytes']]));
  const digestOf = new Map<string, string>();
  return [...seen, ...kept, ...arrivals].flatMap(({ requestId, bytes, sha256 }) => {
    if (requestId === null) return ['an arrival has no request id'];
    const digest = digestOf.get(requestId) ?? sha256;
    digestOf.set(requestId, digest);
    const saidBytes = bytesOf.get(requestId) ?? bytes;
    return [
      ...(digest === sha256 ? [] : [`${requestId} has two contents, ${digest} and ${sha256}`]),
      ...(saidBytes === bytes
        ? []
        : [`${requestId} has ${bytes} bytes, its line says ${JSON.stringify(saidBytes)}`]),
    ];
  });
}

function repeated(ids: readonly string[]): string[] {
  return ids.filter((id, at) => ids.indexOf(id) !== at);
}

function idOf(line: LogLine): string {
  return String(line['requestId']);
}
