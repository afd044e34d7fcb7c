// What the life of an outbox under strace and its observer have to agree on.

export const LIFE_BOUNDS = { maxEntries: 2, whenFull: 'dropOldest' } as const;
export const LIFE_PAYLOAD_BYTES = 300;
/** The request whose file the life damages, so that it goes to quarantine. */
export const DAMAGED_NUMBER = 3;

/**
 * `damaging`: a file is cut on the way, and its entry goes to quarantine. `intact`: every entry is delivered, or dropped by a bound.
 * `refusing`: two go to quarantine for a reason, and the bound of that drops the first of them.
 */
export type LifePlan = 'damaging' | 'intact' | 'refusing';

export const QUARANTINE_FILES_MAX: Readonly<Record<LifePlan, number>> = Object.freeze({
  ...{ damaging: 10, intact: 10, refusing: 1 },
});
