// Turns the bytes of a result into a classification, a failure of the far side, or a named refusal. It matches nothing.
import type { Classification } from '../domain.ts';

export type ParsedResult =
  | { readonly kind: 'classification'; readonly classification: Classification; readonly requestId?: string }
  | { readonly kind: 'failed'; readonly error: string; readonly requestId?: string }
  | { readonly kind: 'invalid'; readonly detail: string };

export const RESULT_BYTES_MAX = 64 * 1024;
const LABEL_CHARACTERS_MAX = 256;

export function parseResult(payload: Uint8Array): ParsedResult {
  if (payload.length > RESULT_BYTES_MAX)
    return invalid(`${payload.length} bytes, at most ${RESULT_BYTES_MAX}`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    return invalid('not valid JSON in UTF-8');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return invalid('not a JSON object');
  return readResult(json as Readonly<Record<string, unknown>>);
}

function readResult(json: Readonly<Record<string, unknown>>): ParsedResult {
  const { label, confidence, error, request_id: requestId } = json;
  const request = typeof requestId === 'string' ? { requestId } : {};
  if (requestId !== undefined && typeof requestId !== 'string') return invalid('request_id is not a string');
  if (typeof error === 'string') return { kind: 'failed', error, ...request };
  if (typeof label !== 'string' || label === '') return invalid('label is not a non-empty string');
  if (label.length > LABEL_CHARACTERS_MAX)
    return invalid(`label is longer than ${LABEL_CHARACTERS_MAX} characters`);
  if (typeof confidence !== 'number' || !(confidence >= 0 && confidence <= 1)) {
    return invalid('confidence is not a number from 0 to 1');
  }
  return { kind: 'classification', classification: { label, confidence }, ...request };
}

function invalid(detail: string): ParsedResult {
  return { kind: 'invalid', detail };
}
