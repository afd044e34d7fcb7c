// Sends entries, oldest first, one in flight, and forgets each only after the broker's acknowledgement. It never reorders.
import type { Entry, Link, Outbox, OutgoingMessage, PublishOutcome, Request } from '../domain.ts';
import { isAborted } from '../support/abort.ts';
import { sleep, type Clock } from '../support/clock.ts';
import { unreachable } from '../support/errors.ts';
import type { Log } from '../support/log.ts';
import { createWakeup, type Wakeup } from '../support/wakeup.ts';
import { blameOf } from './blame.ts';
import { silentBroker } from './link-for-users.ts';
import { createStrikes, type Strikes } from './strikes.ts';

export interface DrainDeps {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  /** Entries a second while a backlog is sent; 0 = as fast as the link. */
  readonly drainPerSecond: number;
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

export function createDrain(deps: DrainDeps): Drain {
  const wakeup = createWakeup();
  const strikes = createStrikes();
  let atRest: Promise<void> = Promise.resolve();
  return {
    wake: () => {
      wakeup.wake();
    },
    run(link, signal) {
      // The run of the link before may still wait for the disk; two at once would let go of each other's entry.
      atRest = atRest.then(() => sendUntilAborted(deps, { wakeup, strikes }, { link, signal }));
      return atRest;
    },
  };
}

async function sendUntilAborted(
  deps: DrainDeps,
  { wakeup, strikes }: { readonly wakeup: Wakeup; readonly strikes: Strikes },
  { link, signal }: Pick<Sending, 'link' | 'signal'>,
): Promise<void> {
  // What was stored before this link came up, and what queues behind it, is paced; live requests are not.
  let paced = deps.outbox.oldest() !== undefined;
  let nextMs = deps.clock.monotonicMs();
  while (!signal.aborted) {
    if (deps.outbox.oldest() === undefined) {
      paced = false;
      await wakeup.wait(signal);
      continue;
    }
    if (paced && deps.drainPerSecond > 0) {
      await sleep(deps.clock, nextMs - deps.clock.monotonicMs(), signal);
      nextMs = deps.clock.monotonicMs() + 1000 / deps.drainPerSecond;
    }
    const entry = deps.outbox.oldest(); // only now: a bound may have dropped the oldest during the pause
    if (entry !== undefined && !isAborted(signal)) await sendOne(deps, strikes, { entry, link, signal });
  }
}

interface Sending {
  readonly entry: Entry;
  readonly link: Link;
  readonly signal: AbortSignal;
}

async function sendOne(deps: DrainDeps, strikes: Strikes, { entry, link, signal }: Sending): Promise<void> {
  const { outbox, clock, log } = deps;
  const read = await outbox.read(entry);
  switch (read.kind) {
    case 'dropped':
      return;
    case 'damaged':
      await outbox.quarantine(entry, read.detail);
      return;
    case 'failed':
      outbox.release(entry);
      log.error('storage.failing', { requestId: entry.requestId, code: read.code, detail: read.detail });
      await sleep(clock, UNREADABLE_PAUSE_MS, signal);
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
  const outcome = await link.publish(deps.messageOf(read.request));
  if (outcome.kind === 'acknowledged' || outcome.kind === 'sent') {
    strikes.forget();
    await outbox.remove(entry);
    const ackMs = Math.round(clock.monotonicMs() - startedMs);
    // At QoS 0 the promise ends at the socket, and the counters keep the two apart.
    const by = outcome.kind === 'sent' ? 'socket' : 'broker';
    log.info('request.acknowledged', { requestId: entry.requestId, bytes: entry.bytes, by, ackMs });
    deps.onDelivered(read.request, by);
    return;
  }
  await failed(deps, strikes, { entry, link, signal, outcome });
}

type Failure = Sending & { readonly outcome: Exclude<PublishOutcome, { kind: 'acknowledged' | 'sent' }> };

async function failed(
  deps: DrainDeps,
  strikes: Strikes,
  { entry, link, signal, outcome }: Failure,
): Promise<void> {
  const { outbox, clock, log } = deps;
  if (outcome.kind === 'timeout') link.abort(silentBroker());
  const blame = blameOf(outcome, outcome.kind === 'refused' ? undefined : await link.ended);
  const reason = strikes.count(entry, blame.kind === 'request' ? blame.reason : undefined);
  if (reason === undefined) outbox.release(entry);
  else await outbox.quarantine(entry, reason);
  if (blame.kind === 'broker') {
    const { requestId } = entry;
    const [level, pauseMs] = strikes.refusedByRule(blame.reasonCode);
    const remedy = 'allow this client to publish requests (access list, quota, or AWS IoT policy)';
    log[level]('broker.refused', {
      requestId,
      reasonCode: blame.reasonCode,
      reason: blame.reason,
      remedy,
      retryInMs: pauseMs,
    });
    await sleep(clock, pauseMs, signal);
  } else if (outcome.kind === 'refused') {
    await sleep(clock, REFUSED_PAUSE_MS, signal);
  }
}
