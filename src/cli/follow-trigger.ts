// Follows one trigger through outcome and result messages until it is answered; it publishes nothing.
import type { Classification, IncomingMessage } from '../domain.ts';
import { parseResult } from '../result/parse-result.ts';
import { escapeInvisible } from '../support/visible-text.ts';

export interface TriggerAnswer {
  readonly outcome?: Outcome;
  readonly classification?: Classification;
}

export interface Outcome {
  readonly kind: string;
  readonly words: string;
  readonly requestId?: string;
}

export interface FollowOptions {
  readonly triggerId: string;
  readonly outcomeTopic: string;
  /** Called once, as soon as the outcome is there. */
  readonly onOutcome: (outcome: Outcome) => void;
}

export interface Followed {
  readonly message: (message: IncomingMessage) => void;
  /** Resolves when there is nothing more to wait for: refused, failed, or classified. */
  readonly answer: Promise<void>;
  sofar(): TriggerAnswer;
}

// A quick classifier may answer before the outcome is here; a busy response topic brings others' results meanwhile.
const EARLY_RESULTS_MAX = 100;

export function followTrigger({ triggerId, outcomeTopic, onOutcome }: FollowOptions): Followed {
  let sofar: TriggerAnswer = {};
  let early: readonly { readonly requestId: string; readonly classification: Classification }[] = [];
  let done = (): void => undefined;
  const answer = new Promise<void>((resolve) => {
    done = resolve;
  });

  const onResult = (classification: Classification, requestId: string | undefined): void => {
    const { outcome } = sofar;
    if (outcome === undefined) {
      if (requestId !== undefined)
        early = [...early, { requestId, classification }].slice(-EARLY_RESULTS_MAX);
      return;
    }
    // Without an id the far side is taken to answer in order, as the daemon does.
    if (requestId !== undefined && requestId !== outcome.requestId) return;
    sofar = { outcome, classification };
    done();
  };

  return {
    answer,
    sofar: () => sofar,
    message({ topic, payload, correlationData }) {
      if (topic !== outcomeTopic) {
        const result = parseResult(payload);
        if (result.kind !== 'classification' || sofar.classification !== undefined) return;
        onResult(result.classification, result.requestId ?? textOf(correlationData));
        return;
      }
      const outcome = readOutcome(payload, triggerId);
      if (outcome === undefined || sofar.outcome !== undefined) return;
      sofar = { outcome };
      onOutcome(outcome);
      if (outcome.kind !== 'accepted') done();
      const known = early.find(({ requestId }) => requestId === outcome.requestId);
      if (known !== undefined) onResult(known.classification, known.requestId);
    },
  };
}

/** The correlation data of a request is its id. */
function textOf(correlationData: Uint8Array | undefined): string | undefined {
  return correlationData === undefined ? undefined : Buffer.from(correlationData).toString('utf8');
}

function readOutcome(payload: Uint8Array, triggerId: string): Outcome | undefined {
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
