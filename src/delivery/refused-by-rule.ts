// What follows when a rule of the broker refuses an entry: a line in the log, a pause, or quarantine. It sends nothing.
import type { Entry, Outbox } from '../domain.ts';
import { sleep, type Clock } from '../support/clock.ts';
import type { Log } from '../support/log.ts';
import type { Blame, Trial, TrialVerdict } from './blame.ts';
import type { Strikes } from './strikes.ts';

export interface Judges {
  readonly strikes: Strikes;
  readonly trial: Trial;
}

/** Resolves when the next entry may be sent. */
export async function refusedByRule(
  { outbox, clock, log }: { readonly outbox: Outbox; readonly clock: Clock; readonly log: Log },
  { strikes, trial }: Judges,
  refusal: { entry: Entry; blame: Blame & { kind: 'broker' }; signal: AbortSignal },
): Promise<void> {
  const { entry, signal } = refusal;
  const { requestId } = entry;
  const { reasonCode, reason } = refusal.blame;
  const verdict: TrialVerdict = PASSING.includes(reasonCode)
    ? { kind: 'wait' }
    : trial.refused(entry, outbox.after(entry) !== undefined);
  if (verdict.kind === 'quarantine') {
    const why = `${verdict.refusals} times the broker refused it, and took the next one: reason code ${reasonCode}, ${reason}`;
    await outbox.quarantine(entry, why);
    return;
  }
  outbox.release(entry);
  // The last of a round tells how long to wait: the next one may be refused by another rule.
  const [level, pauseMs] =
    verdict.kind === 'probe' ? (['debug', 0] as const) : strikes.refusedByRule(reasonCode);
  const remedy = 'allow this client to publish requests (access list, quota, or AWS IoT policy)';
  log[level]('broker.refused', { requestId, reasonCode, reason, remedy, retryInMs: pauseMs });
  if (pauseMs > 0) await sleep(clock, pauseMs, signal);
}

// Server busy: there is no room for it now, which says nothing about it; a smaller one may well be taken meanwhile.
const PASSING: readonly number[] = Object.freeze([137]);
