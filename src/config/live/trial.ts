// Whether files that change the way to the broker are good: what follows from a connection and from silence. Pure.

/**
 * The new tree runs until it reaches the broker, which ends the trial, or its time is over; then the old one runs to
 * see whether it is an outage. The new one has failed only between two connections of the old one.
 */
export interface Trial {
  /** Of the tree on probation. */
  readonly hash: string;
  /** Which of the two runs. */
  readonly side: 'new' | 'old';
  /** Running time without the broker that this side has had. */
  readonly spentMs: number;
  /** Whether the old tree had reached the broker right before. Nobody knows after a start: it may have been a power cut. */
  readonly evidence: 'before' | 'none';
  /** How often both have waited in vain since the start. */
  readonly round: number;
}

export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'again'; readonly trial: Trial };

export function beginTrial(hash: string, evidence: Trial['evidence']): Trial {
  return { hash, side: 'new', spentMs: 0, evidence, round: 0 };
}

/** A start ends each probation this much earlier: starts that follow one another end it, too. */
const START_MS = 10_000;

/** The same after a start. */
export function resumeTrial({ hash, side, spentMs }: Trial, probationSeconds: number): Trial {
  const trial = { ...beginTrial(hash, 'none'), side, spentMs: spentMs + START_MS };
  return isOver(trial, probationSeconds) ? { ...afterSilence(trial), round: 0 } : trial;
}

// In an outage a short probation must not close and open the link all the time.
const CALM_MS = 120_000;
const ROUNDS_MAX = 10; // of doubling: 2^10 s is more than CALM_MS

export function probationMs({ round }: Trial, probationSeconds: number): number {
  const ms = probationSeconds * 1000;
  return Math.max(ms, Math.min(CALM_MS, ms * 2 ** Math.min(round, ROUNDS_MAX)));
}

export function isOver(trial: Trial, probationSeconds: number): boolean {
  return trial.spentMs >= probationMs(trial, probationSeconds);
}

/** The time of this side is over, and the broker was not reached. */
export function afterSilence(trial: Trial): Trial {
  if (trial.side === 'new') return { ...trial, side: 'old', spentMs: 0 };
  return { ...beginTrial(trial.hash, 'none'), round: trial.round + 1 };
}

/** The broker was reached by the side that runs. */
export function afterReached(trial: Trial): Verdict {
  if (trial.side === 'new') return { kind: 'passed' };
  if (trial.evidence === 'before') return { kind: 'failed' };
  return { kind: 'again', trial: { ...trial, side: 'new', spentMs: 0, evidence: 'before' } };
}
