// What the life of an outbox under strace and its observer have to agree on.

export const LIFE_BOUNDS = { maxEntries: 2, whenFull: 'dropOldest' } as const;
export const LIFE_PAYLOAD_BYTES = 300;
/** The request whose file the life damages, so that it goes to quarantine. */
export const DAMAGED_NUMBER = 3;
