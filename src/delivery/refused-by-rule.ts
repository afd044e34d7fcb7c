// What follows when a rule of the broker refuses an entry: a line in the log, a pause, or quarantine. It sends nothing.
import type { Entry, Outbox } from '../domain.ts';
import { isAborted } from '../support/abort.ts';
import { sleep, type Clock } from '../support/clock.ts';
import type { Log } from '../support/log.ts';
import { waitAtMost, type Wakeup } from '../support/wakeup.ts';
import type { Strikes } from './strikes.ts';
import type { Trial, TrialVerdict } from './trial.ts';

export interface Judges {
  readonly strikes: Strikes;
  readonly trial: Trial;
  /** A new entry may be there: one that the broker has not judged yet need not wait for the others. */
  readonly wakeup: Wakeup;
}

export interface Refusal {
  readonly entry: Entry;
  readonly topic: string;
  /** Absent where the broker closed the connection over it. */
  readonly reasonCode: number | undefined;
  readonly reason: string;
  /** Milliseconds from the first byte to the answer. */
  readonly flightMs: number;
  readonly signal: AbortSignal;
}

/** Resolves when the next entry may be sent. Where all have been refused, a new one ends the pause. */
export async function refusedByRule(
  { outbox, clock, log }: { readonly outbox: Outbox; readonly clock: Clock; readonly log: Log },
  { strikes, trial, wakeup }: Judges,
  { entry, topic, reasonCode, reason, flightMs, signal }: Refusal,
): Promise<void> {
  const { requestId } = entry;
  const nowMs = clock.monotonicMs();
  const isFresh = (other: Entry): boolean => other.sequence !== entry.sequence && trial.isFresh(other);
  const hasFresh = (): boolean => outbox.oldest(isFresh) !== undefined;
  const verdict: TrialVerdict =
    reasonCode !== undefined && PASSING.includes(reasonCode)
      ? { kind: 'wait' }
      : trial.refused(entry, { nowMs, flightMs, hasFresh: hasFresh() });
  if (verdict.kind === 'quarantine') {
    const code = reasonCode === undefined ? '' : `reason code ${reasonCode}, `;
    const why = `${verdict.refusals} times the broker refused it, and took others in between: ${code}${reason}`;
    await outbox.quarantine(entry, why);
    return;
  }
  outbox.release(entry);
  const [level, pauseMs] =
    verdict.kind === 'compare' ? (['debug', 0] as const) : strikes.refusedByRule(reasonCode);
  const remedy = `allow this client to publish on ${topic} (access list, quota; on AWS iot:Publish on topic/${topic} in its policy)`;
  log[level]('broker.refused', { requestId, reasonCode, reason, remedy, retryInMs: pauseMs });
  if (pauseMs > 0 && hasFresh()) await sleep(clock, pauseMs, signal);
  const untilMs = nowMs + pauseMs;
  while (!isAborted(signal) && !hasFresh() && clock.monotonicMs() < untilMs) {
    await waitAtMost(wakeup, { clock, ms: untilMs - clock.monotonicMs() }, signal);
  }
}

// Server busy: there is no room for it now, which says nothing about it; a smaller one may well be taken meanwhile.
const PASSING: readonly number[] = Object.freeze([137]);
