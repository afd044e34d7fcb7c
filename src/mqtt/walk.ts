// Goes the way to the broker once and notes each step: how long it took, or that it was the last. It publishes nothing.
import { isIP } from 'node:net';
import type { IncomingMessage, Link, LinkProblem } from '../domain.ts';
import { isAborted } from '../support/abort.ts';
import { sleep, type Clock } from '../support/clock.ts';
import type { RunProcess } from '../support/run-process.ts';
import type { ConnectOutcome } from './link-parts.ts';
import { lookUpName } from './look-up-name.ts';
import { createOpenLink, type BrokerSettings } from './open-link.ts';
import type { Reader } from './secret-file.ts';
import { parseBrokerUrl } from './stream.ts';
import { createWalkNotes, type Step, type StepName, type WalkNotes } from './walk-notes.ts';

export interface Walk {
  readonly steps: readonly Step[];
  /** Where the way ended before the first SUBACK could be asked for. */
  readonly stopped?: { readonly at: StepName; readonly problem: LinkProblem };
  readonly granted: readonly string[];
  readonly refused: readonly { readonly filter: string; readonly problem: LinkProblem }[];
  /** Last day of the broker's certificate. */
  readonly certificateEnds?: Date;
  readonly maximumPacketBytes?: number;
  /** What the broker has stored on the topics that were subscribed to, by topic. */
  readonly stored: ReadonlyMap<string, Uint8Array>;
}

export interface WalkDeps {
  readonly clock: Clock;
  readonly run: RunProcess;
  readonly searchPath: string;
  readonly reader: Reader;
  readonly clockSynchronised: () => boolean;
  /** A topic to look at when all filters have their answer; its refusal is nobody's fault. */
  readonly peek?: string;
}

// The broker sends what it has stored right behind SUBACK.
const STORED_MS = 500;

/** `settings.filters` are subscribed to one by one, so that each has its own answer. Never rejects; an abort ends it. */
export async function walkToBroker(
  { filters, ...settings }: BrokerSettings,
  deps: WalkDeps,
  signal: AbortSignal,
): Promise<Walk> {
  const notes = createWalkNotes(settings, deps.clock);
  const named = await lookUp(settings, deps, signal);
  if (named !== undefined && 'fault' in named) return ended(notes, { at: 'name', problem: named });
  if (named !== undefined) notes.note('name', named.detail);
  const stored = new Map<string, Uint8Array>();
  const onMessage = ({ topic, payload, retained }: IncomingMessage): void => {
    if (retained) stored.set(topic, payload);
  };
  const { onSocket } = notes;
  const open = createOpenLink({ ...settings, filters: [], onSocket }, { ...deps, onMessage });
  const first = await open(signal);
  // With protocol auto a broker that refuses MQTT 5 takes the second attempt.
  const again = first.kind === 'failed' && first.problem.fault === 'protocolVersion';
  const opened = again ? await open(signal) : first;
  if (opened.kind === 'failed')
    return ended(notes, { at: notes.reached(opened.problem), problem: opened.problem });
  notes.note('connack', `${PROTOCOLS[opened.link.protocol]} as client ${settings.clientId}`);
  const answers = await subscribeEach(opened, filters);
  if (answers.granted.length > 0) notes.note('suback', answers.granted.join(', '));
  if (deps.peek !== undefined && !answers.ended && (await opened.subscribe([deps.peek])) === undefined)
    await sleep(deps.clock, STORED_MS, signal);
  await opened.link.close();
  const { maximumPacketBytes } = opened;
  return {
    ...notes.walk(),
    ...{ granted: answers.granted, refused: answers.refused, stored },
    ...(maximumPacketBytes === undefined ? {} : { maximumPacketBytes }),
  };
}

function ended(notes: WalkNotes, stopped: NonNullable<Walk['stopped']>): Walk {
  return { ...notes.walk(), stopped, granted: [], refused: [], stored: new Map() };
}

const PROTOCOLS: Readonly<Record<Link['protocol'], string>> = Object.freeze({
  3: 'MQTT 3.1',
  4: 'MQTT 3.1.1',
  5: 'MQTT 5',
  greengrass: 'the nucleus', // never over MQTT: the type has all links
});

type Settings = Omit<BrokerSettings, 'filters'>;

/** The first machine on the way: the proxy looks the broker's name up itself. */
function firstHost({ url, proxyUrl }: Settings): string {
  return proxyUrl === undefined
    ? parseBrokerUrl(url).host
    : new URL(proxyUrl).hostname.replace(/^\[(.*)\]$/, '$1');
}

async function lookUp(
  settings: Settings,
  { run, searchPath }: WalkDeps,
  signal: AbortSignal,
): Promise<LinkProblem | { readonly detail: string } | undefined> {
  const host = firstHost(settings);
  if (isIP(host) !== 0) return undefined;
  const found = await lookUpName(host, { run, searchPath, signal });
  switch (found.kind) {
    case 'addresses':
      return { detail: `${host} is ${found.addresses.join(', ')}` };
    case 'failed':
      return found.problem;
    case 'unknown':
      return undefined;
  }
}

interface Answers extends Pick<Walk, 'granted' | 'refused'> {
  /** A broker that refuses by closing answers nothing more. */
  readonly ended: boolean;
}

async function subscribeEach(
  { link, subscribe }: Extract<ConnectOutcome, { kind: 'open' }>,
  filters: readonly string[],
): Promise<Answers> {
  const over = new AbortController();
  void link.ended.then(() => {
    over.abort();
  });
  const granted: string[] = [];
  const refused: { filter: string; problem: LinkProblem }[] = [];
  for (const filter of filters) {
    const problem = await subscribe([filter]);
    if (problem === undefined) granted.push(filter);
    else refused.push({ filter, problem });
    if (isAborted(over.signal)) break;
  }
  return { granted, refused, ended: isAborted(over.signal) };
}
