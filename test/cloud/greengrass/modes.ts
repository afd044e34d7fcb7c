// What the fake nucleus does wrong, by name; it does nothing itself.

/** What is not said otherwise concerns publishes on the request topic only. */
export interface NucleusModes {
  readonly handshake: 'accept' | 'refuse' | 'silent';
  /** `silent` and `closing` have the request in the journal, as one that is lost on the way back. */
  readonly publish: 'accept' | 'silent' | 'closing' | 'internalError' | 'invalidArguments';
  /** The words of a ServiceError; empty = none. */
  readonly publishError: string;
  /** `publishError` is for the request of this id alone; empty = for all. */
  readonly publishErrorFor: string;
  /** The connection ends instead of the answer to the n-th request since the modes were set; 0 = never. */
  readonly closeBeforeAnswerOf: number;
  readonly answerDelayMs: number;
  readonly subscribe: 'accept' | 'silent';
  /** Topics and filters that the recipe does not allow. */
  readonly denied: readonly string[];
  /** By operation, what it allows, word for word; empty = all that is not denied. */
  readonly allowed: Readonly<Record<string, readonly string[]>>;
  /** The words of the ServiceError that a nucleus without its cloud has for subscriptions; empty = none. */
  readonly subscribeError: string;
}

export const WELL: NucleusModes = Object.freeze({
  handshake: 'accept',
  publish: 'accept',
  publishError: '',
  publishErrorFor: '',
  closeBeforeAnswerOf: 0,
  answerDelayMs: 0,
  subscribe: 'accept',
  denied: Object.freeze([]),
  allowed: Object.freeze({}),
  subscribeError: '',
});
