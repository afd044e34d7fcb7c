// Opens the outbox that a crash left, as the next start would, and says where every request is; it removes nothing.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDurableFolder } from '../../src/support/durable-file.ts';
import { decodeEntry, parseEntryFileName } from '../../src/outbox/entry-file.ts';
import { loadOutbox } from '../../src/outbox/outbox.ts';
import { openQuarantine } from '../../src/outbox/quarantine.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog } from '../helpers/recording-log.ts';
import { sampleNumber } from '../helpers/sample-request.ts';
import { BOUNDS } from '../outbox/outbox-bench.ts';

export interface Restarted {
  /** By the numbers of their sample requests. */
  readonly kept: readonly number[];
  readonly damaged: readonly number[];
  readonly quarantined: readonly number[];
  /** Recorded by this start: drops that the crash cut in two. */
  readonly dropped: readonly number[];
  /** Neither an entry nor the quarantine; and there, a reason without its entry. */
  readonly strangers: readonly string[];
  readonly log: readonly string[];
}

export async function restart(directory: string): Promise<Restarted> {
  const log = createRecordingLog();
  const folder = await openDurableFolder(directory);
  const aside = await openDurableFolder(join(directory, 'quarantine'));
  const outbox = await loadOutbox({
    ...{ folder, clock: createFakeClock(), clockSynchronised: () => true, log, bounds: BOUNDS },
    quarantine: await openQuarantine(aside, { maxFiles: 10, maxBytes: -1 }, log),
    freeBytes: () => Promise.resolve(Number.MAX_SAFE_INTEGER),
    release: () => Promise.resolve(),
  });
  const kept: number[] = [];
  const damaged: number[] = [];
  const strangers: string[] = [];
  for (const name of readdirSync(directory)) {
    const entry = parseEntryFileName(name);
    if (entry === undefined) {
      if (name !== 'quarantine') strangers.push(name);
      continue;
    }
    const bytes = await folder.read(name, 100_000);
    const isWhole = bytes !== undefined && decodeEntry(bytes, entry).kind === 'entry';
    (isWhole ? kept : damaged).push(sampleNumber(entry));
  }
  const { entries, quarantined: count } = outbox.counts();
  await outbox.close();
  const inQuarantine = await aside.list();
  const withReason = inQuarantine.filter((name) => name.endsWith('.reason'));
  strangers.push(...withReason.filter((name) => !inQuarantine.includes(name.slice(0, -'.reason'.length))));
  const quarantined = inQuarantine.flatMap((name) => parseEntryFileName(name) ?? []).map(sampleNumber);
  if (entries !== kept.length + damaged.length || count !== quarantined.length) {
    throw new Error(
      `it counts ${entries} and ${count}, there are ${kept.length}, ${damaged.length} and ${quarantined.length}`,
    );
  }
  return {
    ...{ kept, damaged, quarantined, strangers, log: log.summary() },
    dropped: log
      .of('request.dropped')
      .map(({ fields }) => sampleNumber({ requestId: String(fields['requestId']) })),
  };
}
