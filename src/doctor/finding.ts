// What a probe of the doctor says: one line for a person, with what to do where something is to be done. It looks at nothing.

/** In the order of the report. */
export const AREAS = Object.freeze([
  'program',
  'configuration',
  'service',
  'camera',
  'tools',
  'broker',
  'certificates',
  'clock',
  'disk',
  'outbox',
  'power',
] as const);
export type Area = (typeof AREAS)[number];

export type Verdict = 'ok' | 'warn' | 'fail';

export interface Finding {
  readonly area: Area;
  /** `fail`: pictures will not be taken or not arrive; `warn`: they do, and something will go wrong or is unwise. */
  readonly verdict: Verdict;
  /** What is so, in one sentence without a full stop. */
  readonly what: string;
  /** What a person does about it: a command where there is one. */
  readonly remedy?: string;
}

/** The three verdicts of one area. */
export function findingsOf(area: Area): {
  readonly ok: (what: string) => Finding;
  readonly warn: (what: string, remedy: string) => Finding;
  readonly fail: (what: string, remedy: string) => Finding;
} {
  return {
    ok: (what) => ({ area, verdict: 'ok', what }),
    warn: (what, remedy) => ({ area, verdict: 'warn', what, remedy }),
    fail: (what, remedy) => ({ area, verdict: 'fail', what, remedy }),
  };
}
