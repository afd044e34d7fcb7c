// Picks the answer to one request out of what arrives on the response topic; it publishes nothing.
import type { Classification, IncomingMessage } from '../domain.ts';
import { parseResult } from '../result/parse-result.ts';
import { matchRequest, returnedIds, type MatchedRequest } from '../result/returned-ids.ts';

export type MatchedBy = MatchedRequest['matchedBy'];

export type Answer =
  | {
      readonly kind: 'classified';
      readonly classification: Classification;
      /** `order`: it names no request, and is taken to be ours because it is the next one. */
      readonly matchedBy: MatchedBy;
    }
  | { readonly kind: 'failed'; readonly error: string; readonly matchedBy: MatchedBy };

export interface AnswerFinder {
  readonly message: (message: IncomingMessage) => void;
  /** The request is about to be on the wire: what names no request may be its answer only from now on. */
  sending(): void;
  readonly answer: Promise<Answer>;
}

export function findAnswer(requestId: string): AnswerFinder {
  const ours = new Set([requestId]);
  let isSending = false;
  let found: (answer: Answer) => void = () => undefined;
  const answer = new Promise<Answer>((resolve) => {
    found = resolve;
  });
  return {
    answer,
    sending() {
      isSending = true;
    },
    message(message) {
      const result = parseResult(message.payload);
      if (!isSending || result.kind === 'invalid') return;
      const matchedBy = matchRequest(returnedIds(result, message), ours)?.matchedBy; // as the daemon matches
      if (matchedBy === undefined) return;
      const { kind } = result;
      found(
        kind === 'failed'
          ? { kind, error: result.error, matchedBy }
          : { kind: 'classified', classification: result.classification, matchedBy },
      );
    },
  };
}
