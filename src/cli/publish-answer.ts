// Picks the answer to one request out of what arrives on the response topic; it publishes nothing.
import type { Classification, IncomingMessage } from '../domain.ts';
import { parseResult, type ParsedResult } from '../result/parse-result.ts';

export type MatchedBy = 'requestId' | 'correlationData' | 'order';

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
    message({ payload, correlationData }) {
      const result = parseResult(payload);
      if (!isSending || result.kind === 'invalid') return;
      const matchedBy = match(result, correlationData, requestId);
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

/** As the daemon matches: by the id in the result, else by the correlation data, else by order. */
function match(
  result: Exclude<ParsedResult, { kind: 'invalid' }>,
  correlationData: Uint8Array | undefined,
  requestId: string,
): MatchedBy | undefined {
  if (result.requestId !== undefined) return result.requestId === requestId ? 'requestId' : undefined;
  if (correlationData === undefined) return 'order';
  return Buffer.from(correlationData).toString('utf8') === requestId ? 'correlationData' : undefined;
}
