// The endpoint's answer into one label with its confidence, or a sentence about what is wrong with it.
import type { Classification } from '../../../src/domain.ts';
import { escapeInvisible } from '../../../src/support/visible-text.ts';
import { findScores } from './scores.ts';
import type { Settings } from './settings.ts';

export type Answer =
  | { readonly kind: 'classification'; readonly classification: Classification }
  | { readonly kind: 'malformed'; readonly detail: string };

export interface AnswerSettings extends Pick<Settings, 'output'> {
  /** In the order of the scores; absent: the answer names them, or they are numbered. */
  readonly labels?: readonly string[];
}

/** A thousand scores with all their digits are some 25 KB. */
const ANSWER_BYTES_MAX = 1024 * 1024;
const LABEL_CHARACTERS_MAX = 256; // as the daemon takes them

export function readAnswer(body: Uint8Array, settings: AnswerSettings): Answer {
  if (body.length > ANSWER_BYTES_MAX)
    return malformed(`${body.length} bytes, at most ${ANSWER_BYTES_MAX} are allowed`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return malformed('it is not JSON in UTF-8 (NaN and Infinity are not JSON)');
  }
  return settings.output === 'label' ? readLabel(json) : readScores(json, settings);
}

/** One `{label, confidence}` or `{label, score}`, or a list of them as image classification pipelines give it. */
function readLabel(json: unknown): Answer {
  const found = (Array.isArray(json) ? json : [json]).map(classificationOf);
  const wrong = found.find((one) => typeof one === 'string');
  if (wrong !== undefined) return malformed(wrong);
  const [first, ...rest] = found.filter((one) => typeof one !== 'string');
  if (first === undefined) return malformed('it is an empty list');
  return classified(rest.reduce((best, next) => (next.confidence > best.confidence ? next : best), first));
}

function classificationOf(value: unknown): Classification | string {
  if (typeof value !== 'object' || value === null)
    return 'it is neither {label, confidence} nor a list of them';
  const { label, confidence, score } = value as Readonly<Record<string, unknown>>;
  const sure = confidence ?? score;
  if (typeof label !== 'string' || label === '')
    return 'there is no label in it; are these scores (MODEL_OUTPUT)?';
  if (typeof sure !== 'number' || !(sure >= 0 && sure <= 1)) return 'its confidence is no number from 0 to 1';
  return { label, confidence: sure };
}

function readScores(json: unknown, { output, labels }: AnswerSettings): Answer {
  const found = findScores(json);
  if (found.kind === 'malformed') return found;
  const { scores } = found;
  const names = labels ?? found.labels;
  if (names !== undefined && names.length !== scores.length)
    return malformed(`it has ${scores.length} scores for ${names.length} labels`);
  if (output === 'probabilities' && scores.some((score) => score < 0 || score > 1))
    return malformed('a score is outside 0..1; are these logits (MODEL_OUTPUT)?');
  const probabilities = output === 'logits' ? softmax(scores) : scores;
  const best = probabilities.reduce((at, score, next) => (score > (probabilities[at] ?? -1) ? next : at), 0);
  return classified({ label: names?.[best] ?? `class ${best}`, confidence: probabilities[best] ?? 0 });
}

/** The highest one is taken off first: the exponential of a logit beyond 709 is infinite. */
export function softmax(logits: readonly number[]): readonly number[] {
  const highest = logits.reduce((most, next) => Math.max(most, next), -Infinity);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

function classified({ label, confidence }: Classification): Answer {
  const visible = escapeInvisible(Array.from(label).slice(0, LABEL_CHARACTERS_MAX).join(''));
  return { kind: 'classification', classification: { label: visible, confidence } };
}

function malformed(detail: string): Answer {
  return { kind: 'malformed', detail };
}
