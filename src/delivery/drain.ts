// Sends entries, oldest first, one in flight, and forgets each only after the broker's acknowledgement. It never reorders.
import type { Entry, Link, OutgoingMessage, PublishOutcome, Request, Outbox } from '../domain.ts';
import { isAborted } from '../support/abort.ts';
import { sleep, type Clock } from '../support/clock.ts';
import { unreachable } from '../support/errors.ts';
import type { Log } from '../support/log.ts';
import { createWakeup, waitAtMost } from '../support/wakeup.ts';
import { blameOf } from './blame.ts';
import { refusedByRule, type Judges } from './refused-by-rule.ts';
import { createStrikes } from './strikes.ts';
import { createTrial } from './trial.ts';

export interface DrainDeps {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  /** Entries a second while a backlog is sent, read before each; 0 = as fast as the link. */
  readonly pace: { readonly drainPerSecond: number };
  readonly messageOf: (request: Request) => OutgoingMessage;
  /** The request is about to be on the wire: a result may arrive before its acknowledgement. */
  readonly onSending: (request: Request) => void;
  readonly onDelivered: (request: Request, by: 'broker' | 'socket') => void;
}

export interface Drain {
  /** A new entry may be in the outbox. */
  wake(): void;
  /** Sends until the link's signal aborts. */
  run(link: Link, signal: AbortSignal): Promise<void>;
}

// Between the tries of a refused request; a broken disk may be unplugged and back.
const REFUSED_PAUSE_MS = 1000;
const UNREADABLE_PAUSE_MS = 10_000;
// Removals under way; a process killed then finds so many delivered entries again, and the far side folds them. One that meets
// the file system's journal at work takes ten times as long as the others (measured: 0.2 and 2 ms), and holds nobody up.
const LEAVING_MAX = 8;

export function createDrain(deps: DrainDeps): Drain {
  const wakeup = createWakeup();
  const judges: Judges = { strikes: createStrikes(), trial: createTrial(), wakeup };
  let atRest: Promise<void> = Promise.resolve();
  return {
    wake: () => {
      wakeup.wake();
    },
    run(link, signal) {
      // The run of the link before may still wait for the disk; two at once would let go of each other's entry.
      atRest = atRest.then(async () => {
        const leaving: Promise<void>[] = [];
        judges.trial.startOver();
        await sendUntilAborted(deps, judges, { link, signal, leaving });
        await Promise.all(leaving);
      });
      return atRest;
    },
  };
}

async function sendUntilAborted(
  deps: DrainDeps,
  judges: Judges,
  { link, signal, leaving }: Omit<Sending, 'entry'>,
): Promise<void> {
  const { strikes } = judges;
  const onlineMs = deps.clock.monotonicMs();
  // What was stored before this link came up, and what queues behind it, is paced; live requests are not.
  let paced = deps.outbox.oldest() !== undefined;
  let nextMs = onlineMs;
  while (!signal.aborted) {
    const next = nextEntry(deps, judges);
    if (next === undefined) {
      paced = false;
      await waitForEntry(deps, judges, signal);
      continue;
    }
    const probeMs = onlineMs + strikes.probeMs(next) - deps.clock.monotonicMs();
    if (probeMs > 0 && (await sleep(deps.clock, probeMs, signal)) === 'aborted') {
      strikes.acquit(next);
      return;
    }
    const { drainPerSecond } = deps.pace;
    if (paced && drainPerSecond > 0) {
      await sleep(deps.clock, nextMs - deps.clock.monotonicMs(), signal);
      nextMs = deps.clock.monotonicMs() + 1000 / drainPerSecond;
    }
    const entry = nextEntry(deps, judges); // only now: a bound may have dropped the oldest during the pause
    if (entry !== undefined && !isAborted(signal)) {
      await sendOne(deps, judges, { entry, link, signal, leaving });
    }
  }
}

function nextEntry({ outbox, clock }: DrainDeps, { trial }: Judges): Entry | undefined {
  const nowMs = clock.monotonicMs();
  const mayGo = (entry: Entry): boolean => trial.mayGo(entry, nowMs);
  const next = outbox.oldest(mayGo);
  if (next !== undefined) {
    const compared = trial.comparesNow(next, nowMs) ? outbox.oldest((one) => !trial.isFresh(one)) : undefined;
    return compared ?? next;
  }
  const oldest = outbox.oldest();
  if (oldest === undefined || trial.dueInMs(nowMs) > 0) return undefined;
  trial.nextTurn(oldest);
  return outbox.oldest(mayGo);
}

/** Until somebody wakes us, or an entry has its turn that stands aside, or that the disk could not read. */
async function waitForEntry(
  { outbox, clock }: DrainDeps,
  { wakeup, trial }: Judges,
  signal: AbortSignal,
): Promise<void> {
  if (outbox.counts().entries === 0) {
    await wakeup.wait(signal);
    return;
  }
  const dueMs = trial.dueInMs(clock.monotonicMs());
  await waitAtMost(wakeup, { clock, ms: dueMs > 0 ? dueMs : UNREADABLE_PAUSE_MS }, signal);
}

interface Sending {
  readonly entry: Entry;
  readonly link: Link;
  readonly signal: AbortSignal;
  /** Removals of entries before, which the disk may still be busy with while this one is sent; in order. */
  readonly leaving: Promise<void>[];
}

async function sendOne(deps: DrainDeps, judges: Judges, sending: Sending): Promise<void> {
  const { outbox, clock } = deps;
  const { entry, link, signal, leaving } = sending;
  const read = await outbox.read(entry);
  switch (read.kind) {
    case 'dropped':
      return;
    case 'damaged':
      await outbox.quarantine(entry, read.detail);
      return;
    case 'failed':
      outbox.release(entry);
      // Where the outbox passes on to another entry, that one may be readable: no reason to wait.
      if (outbox.oldest()?.sequence === entry.sequence) await sleep(clock, UNREADABLE_PAUSE_MS, signal);
      return;
    case 'request':
      break;
    default:
      unreachable(read);
  }
  if (isAborted(signal)) {
    outbox.release(entry);
    return;
  }
  const startedMs = clock.monotonicMs();
  deps.onSending(read.request);
  const message = deps.messageOf(read.request);
  const outcome = await link.publish(message);
  if (outcome.kind === 'acknowledged' || outcome.kind === 'sent') {
    judges.strikes.forget();
    judges.trial.acknowledged(entry, clock.monotonicMs());
    // At QoS 0 the promise ends at the socket, and the counters keep the two apart.
    const by = outcome.kind === 'sent' ? 'socket' : 'broker';
    const ackMs = Math.round(clock.monotonicMs() - startedMs);
    if (leaving.length >= LEAVING_MAX) await leaving.shift();
    leaving.push(forget(deps, { entry, request: read.request, by, ackMs }, leaving.at(-1)));
    return;
  }
  const flightMs = clock.monotonicMs() - startedMs;
  await failed(deps, judges, { ...sending, outcome, flightMs, topic: message.topic });
}

/** Removes first: who reads `request.acknowledged` finds its file gone. Tells of one after the other, in their order. */
async function forget(
  { outbox, log, onDelivered }: DrainDeps,
  delivered: { entry: Entry; request: Request; by: 'broker' | 'socket'; ackMs: number },
  before: Promise<void> | undefined,
): Promise<void> {
  const { entry, request, by, ackMs } = delivered;
  await outbox.remove(entry);
  await before;
  log.info('request.acknowledged', { requestId: entry.requestId, bytes: entry.bytes, by, ackMs });
  onDelivered(request, by);
}

type Failure = Sending & {
  readonly outcome: Exclude<PublishOutcome, { kind: 'acknowledged' | 'sent' }>;
  readonly flightMs: number;
  readonly topic: string;
};

async function failed(
  deps: DrainDeps,
  judges: Judges,
  { entry, link, signal, outcome, flightMs, topic }: Failure,
): Promise<void> {
  const { outbox, clock } = deps;
  const blame = blameOf(outcome, outcome.kind === 'refused' ? undefined : await link.ended);
  const verdict =
    blame.kind === 'request'
      ? judges.strikes.count(entry, { ...blame, flightMs })
      : { kind: 'again' as const };
  if (blame.kind === 'broker' || (blame.kind === 'request' && verdict.kind === 'doubt')) {
    const reasonCode = outcome.kind === 'refused' ? outcome.reasonCode : undefined;
    await refusedByRule(deps, judges, {
      ...{ entry, topic, reasonCode, reason: blame.reason, flightMs, signal },
    });
    return;
  }
  if (verdict.kind === 'quarantine') await outbox.quarantine(entry, verdict.reason);
  else outbox.release(entry);
  if (outcome.kind === 'refused') await sleep(clock, REFUSED_PAUSE_MS, signal);
}
