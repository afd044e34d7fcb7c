// Turns the bytes of a result into a classification, a failure of the far side, or a named refusal. It matches nothing.
import type { Classification } from '../domain.ts';
import { escapeInvisible } from '../support/visible-text.ts';
import { surest, type Labelled } from './filter.ts';
import { labelsIn } from './labels.ts';

export type ParsedResult =
  | ({ readonly kind: 'classification'; readonly requestId?: string } & Labelled)
  | { readonly kind: 'failed'; readonly error: string; readonly requestId?: string }
  | { readonly kind: 'invalid'; readonly detail: string };

export const RESULT_BYTES_MAX = 64 * 1024;
/** The deepest form that is read has six levels; what nests further is no result. */
export const RESULT_DEPTH_MAX = 32;
const LABEL_CHARACTERS_MAX = 256;
/** Longer than any id of ours, so that what is cut still matches nothing. */
const REQUEST_ID_CHARACTERS_MAX = 128;
/** Room for what a cloud service says about itself; with every character as an escape still well below a log line. */
const ERROR_CHARACTERS_MAX = 512;

/**
 * Never throws. A longer `request_id` or error is cut. Label and error come with every control, escape and bidirectional character as a visible `\u` escape,
 * so that no log, table, status or message they reach later has to think of it again.
 */
export function parseResult(payload: Uint8Array): ParsedResult {
  if (payload.length > RESULT_BYTES_MAX)
    return invalid(`${payload.length} bytes, at most ${RESULT_BYTES_MAX}`);
  if (depthOf(payload) > RESULT_DEPTH_MAX) return invalid(`nested deeper than ${RESULT_DEPTH_MAX} levels`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    return invalid('not valid JSON in UTF-8');
  }
  if (typeof json !== 'object' || json === null) return invalid('neither a JSON object nor a list');
  return Array.isArray(json) ? readLabels(json) : readObject(json as Readonly<Record<string, unknown>>);
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPENING, CLOSING]: readonly (readonly number[])[] = [
  [0x5b, 0x7b],
  [0x5d, 0x7d],
];

/** Levels of brackets outside texts. Every byte of a longer UTF-8 sequence is above 0x7f, so none is taken for one. */
function depthOf(payload: Uint8Array): number {
  let [depth, deepest, inText] = [0, 0, false];
  for (let at = 0; at < payload.length; at += 1) {
    const byte = payload[at] ?? 0;
    if (inText && byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) inText = !inText;
    else if (!inText && OPENING?.includes(byte) === true) deepest = Math.max(deepest, (depth += 1));
    else if (!inText && CLOSING?.includes(byte) === true) depth -= 1;
  }
  return deepest;
}

function readObject(json: Readonly<Record<string, unknown>>): ParsedResult {
  const { error, request_id: requestId } = json;
  if (requestId !== undefined && typeof requestId !== 'string') return invalid('request_id is not a string');
  const request =
    requestId === undefined ? {} : { requestId: firstCharacters(requestId, REQUEST_ID_CHARACTERS_MAX) };
  if (typeof error === 'string')
    return {
      kind: 'failed',
      error: escapeInvisible(firstCharacters(error, ERROR_CHARACTERS_MAX)),
      ...request,
    };
  const read = readLabels(json);
  return read.kind === 'classification' ? { ...read, ...request } : read;
}

function readLabels(json: object): ParsedResult {
  const labels: Classification[] = [];
  for (const { label, confidence } of labelsIn(json)) {
    if (typeof label !== 'string' || label === '') return invalid('label is not a non-empty string');
    if (isTooLong(label)) return invalid(`label is longer than ${LABEL_CHARACTERS_MAX} characters`);
    if (typeof confidence !== 'number' || !(confidence >= 0 && confidence <= 1)) {
      return invalid('confidence is not a number from 0 to 1');
    }
    labels.push({ label: escapeInvisible(label), confidence });
  }
  const classification = surest(labels);
  if (classification === undefined) return invalid('there is no label in it');
  return { kind: 'classification', classification, ...(labels.length > 1 ? { labels } : {}) };
}

/** Characters, not UTF-16 units: the configuration counts the labels it takes the same way. */
function isTooLong(label: string): boolean {
  return label.length > LABEL_CHARACTERS_MAX && Array.from(label).length > LABEL_CHARACTERS_MAX;
}

function firstCharacters(text: string, max: number): string {
  return text.length <= max
    ? text
    : Array.from(text.slice(0, 2 * max))
        .slice(0, max)
        .join('');
}

function invalid(detail: string): ParsedResult {
  return { kind: 'invalid', detail };
}
