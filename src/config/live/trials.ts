// Lets a probation run out: counts the running time without the broker and writes it down. It changes no configuration.
import { isAborted } from '../../support/abort.ts';
import type { Clock } from '../../support/clock.ts';
import { waitAtMost, type Wakeup } from '../../support/wakeup.ts';
import { isOver, probationMs, type Trial } from './trial.ts';

export interface Trials {
  readonly clock: Clock;
  /** Woken when another trial, or none, is under way. */
  readonly wakeup: Wakeup;
  readonly trial: () => Trial | undefined;
  /** Of the tree on probation. */
  readonly probationSeconds: () => number;
  readonly spent: (trial: Trial, spentMs: number) => Promise<void>;
  readonly over: (trial: Trial) => Promise<void>;
}

/** Time that is not written down is had again after a power cut. */
const STEP_MS = 10_000;

export async function runTrials(trials: Trials, signal: AbortSignal): Promise<void> {
  const { clock, wakeup } = trials;
  while (!isAborted(signal)) {
    const trial = trials.trial();
    const probationSeconds = trials.probationSeconds();
    if (trial === undefined) {
      await wakeup.wait(signal);
    } else if (isOver(trial, probationSeconds)) {
      await trials.over(trial);
    } else {
      const startedMs = clock.monotonicMs();
      const ms = Math.min(STEP_MS, probationMs(trial, probationSeconds) - trial.spentMs);
      await waitAtMost(wakeup, { clock, ms }, signal);
      await trials.spent(trial, trial.spentMs + clock.monotonicMs() - startedMs);
    }
  }
}
