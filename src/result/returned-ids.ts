// Which request a result says it answers, and which of the open ones that is. Pure functions; they remember nothing.
import type { IncomingMessage } from '../domain.ts';
import type { ParsedResult } from './parse-result.ts';

/** What a result says about which request it answers; an empty id is none. */
export interface ReturnedIds {
  readonly requestId: string | undefined;
  readonly correlationData: string | undefined;
  /** A stored message that the broker gives at subscription: without an id it may be about any earlier picture. */
  readonly retained: boolean;
}

export interface MatchedRequest {
  readonly requestId: string;
  /** `order`: the far side returned no id, and the request was the oldest one open. */
  readonly matchedBy: 'requestId' | 'correlationData' | 'order';
}

/** The correlation data of a request is its id. */
export function returnedIds(
  { requestId }: Exclude<ParsedResult, { kind: 'invalid' }>,
  { correlationData, retained }: Pick<IncomingMessage, 'correlationData' | 'retained'>,
): ReturnedIds {
  return {
    requestId,
    correlationData:
      correlationData === undefined ? undefined : Buffer.from(correlationData).toString('utf8'),
    retained,
  };
}

/**
 * `open` holds ids, oldest first. Without any id the far side is taken to answer in order. An id that is not ours answers
 * somebody else.
 */
export function matchRequest(
  ids: ReturnedIds,
  open: Pick<ReadonlySet<string>, 'has' | 'keys'>,
): MatchedRequest | undefined {
  for (const matchedBy of ['requestId', 'correlationData'] as const) {
    const requestId = ids[matchedBy];
    if (requestId !== undefined && open.has(requestId)) return { requestId, matchedBy };
  }
  const [oldest] = open.keys();
  return hasNoId(ids) && !ids.retained && oldest !== undefined
    ? { requestId: oldest, matchedBy: 'order' }
    : undefined;
}

export function hasNoId({ requestId, correlationData }: ReturnedIds): boolean {
  return (requestId ?? '') === '' && (correlationData ?? '') === '';
}
