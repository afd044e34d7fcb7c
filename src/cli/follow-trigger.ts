// Follows one trigger through outcome and result messages until it is answered; it publishes nothing.
import type { Classification, IncomingMessage } from '../domain.ts';
import { parseResult, type ParsedResult } from '../result/parse-result.ts';
import { hasNoId, matchRequest, returnedIds, type ReturnedIds } from '../result/returned-ids.ts';
import { escapeInvisible } from '../support/visible-text.ts';

export interface TriggerAnswer {
  readonly outcome?: Outcome;
  readonly classification?: Classification;
  /** The far side's words where it could not classify. */
  readonly error?: string;
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
  /** Resolves when there is nothing more to wait for: refused, failed, or answered by the far side. */
  readonly answer: Promise<void>;
  sofar(): TriggerAnswer;
}

// A quick classifier may answer before the outcome is here; a busy response topic brings others' results meanwhile.
const EARLY_RESULTS_MAX = 100;

type Result = Exclude<ParsedResult, { kind: 'invalid' }>;

interface EarlyResult {
  readonly result: Result;
  readonly ids: ReturnedIds;
}

export function followTrigger({ triggerId, outcomeTopic, onOutcome }: FollowOptions): Followed {
  let sofar: TriggerAnswer = {};
  let early: readonly EarlyResult[] = [];
  let done = (): void => undefined;
  const answer = new Promise<void>((resolve) => {
    done = resolve;
  });

  /** As the daemon matches, with this one request open. */
  const onResult = (found: EarlyResult): void => {
    const { outcome } = sofar;
    if (outcome === undefined) {
      // Without an id it may be the answer to an older request.
      if (!hasNoId(found.ids)) early = [...early, found].slice(-EARLY_RESULTS_MAX);
      return;
    }
    if (outcome.requestId === undefined || isAnswered(sofar)) return;
    if (matchRequest(found.ids, new Set([outcome.requestId])) === undefined) return;
    sofar = { outcome, ...said(found.result) };
    done();
  };

  return {
    answer,
    sofar: () => sofar,
    message(message) {
      if (message.topic !== outcomeTopic) {
        const result = parseResult(message.payload);
        if (result.kind !== 'invalid') onResult({ result, ids: returnedIds(result, message) });
        return;
      }
      const outcome = readOutcome(message.payload, triggerId);
      if (outcome === undefined || sofar.outcome !== undefined) return;
      sofar = { outcome };
      onOutcome(outcome);
      if (outcome.kind !== 'accepted') done();
      early.forEach(onResult);
    },
  };
}

function isAnswered({ classification, error }: TriggerAnswer): boolean {
  return classification !== undefined || error !== undefined;
}

function said(result: Result): Pick<TriggerAnswer, 'classification' | 'error'> {
  return result.kind === 'failed' ? { error: result.error } : { classification: result.classification };
}

function readOutcome(payload: Uint8Array, triggerId: string): Outcome | undefined {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return undefined; // not ours: anybody may publish on that topic
  }
  if (typeof json !== 'object' || json === null) return undefined;
  const fields = json as Readonly<Record<string, unknown>>;
  if (fields['trigger_id'] !== triggerId || typeof fields['outcome'] !== 'string') return undefined;
  const { outcome: kind, reason, bytes, queued, request_id: requestId } = fields;
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
