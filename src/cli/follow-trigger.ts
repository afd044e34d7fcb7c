// Follows one trigger through outcome and result messages until it is answered; it publishes nothing.
import type { Classification, IncomingMessage } from '../domain.ts';
import { parseResult } from '../result/parse-result.ts';
import { escapeInvisible } from '../support/visible-text.ts';

export interface TriggerAnswer {
  readonly outcome?: { readonly kind: string; readonly words: string; readonly requestId?: string };
  readonly classification?: Classification;
}

export interface Followed {
  readonly message: (message: IncomingMessage) => void;
  /** Resolves when there is nothing more to wait for: refused, failed, or classified. */
  readonly answer: Promise<void>;
  sofar(): TriggerAnswer;
}

export function followTrigger(options: { triggerId: string; outcomeTopic: string }): Followed {
  let sofar: TriggerAnswer = {};
  let done = (): void => undefined;
  const answer = new Promise<void>((resolve) => {
    done = resolve;
  });
  return {
    answer,
    sofar: () => sofar,
    message(message) {
      if (message.topic === options.outcomeTopic) {
        const outcome = readOutcome(message.payload, options.triggerId);
        if (outcome === undefined) return;
        sofar = { outcome };
        if (outcome.kind !== 'accepted') done();
        return;
      }
      const result = parseResult(message.payload);
      if (sofar.outcome === undefined || result.kind !== 'classification') return;
      // Without an id the far side is taken to answer in order, as the daemon does.
      if (result.requestId !== undefined && result.requestId !== sofar.outcome.requestId) return;
      sofar = { ...sofar, classification: result.classification };
      done();
    },
  };
}

function readOutcome(payload: Uint8Array, triggerId: string): TriggerAnswer['outcome'] {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return undefined; // not ours: anybody may publish on that topic
  }
  if (typeof json !== 'object' || json === null) return undefined;
  const said = json as Readonly<Record<string, unknown>>;
  if (said['trigger_id'] !== triggerId || typeof said['outcome'] !== 'string') return undefined;
  const { outcome: kind, reason, bytes, queued, request_id: requestId } = said;
  const words = [kind, reason, numbered(bytes, 'bytes'), numbered(queued, 'queued')].filter(
    (word) => typeof word === 'string',
  );
  return {
    kind,
    words: escapeInvisible(words.join(', ')),
    ...(typeof requestId === 'string' ? { requestId } : {}),
  };
}

function numbered(value: unknown, noun: string): string | undefined {
  return typeof value === 'number' ? `${value} ${noun}` : undefined;
}
