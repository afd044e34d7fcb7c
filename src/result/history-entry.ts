// One line of the history of classifications: written, and read back without trusting it. It touches no file.
import type { Classification, Suspicion } from '../domain.ts';
import { escapeInvisible } from '../support/visible-text.ts';
import type { Answered } from './open-requests.ts';

/** A classification of a request of ours. */
export interface HistoryEntry extends Classification {
  /** When the result came; RFC 3339, UTC, milliseconds. */
  readonly receivedAt: string;
  readonly requestId: string;
  readonly matchedBy: Answered['matchedBy'];
  readonly latencyMs: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly capturedAt?: string;
  /** Payload bytes. */
  readonly bytes?: number;
  readonly suspect?: Suspicion;
}

export function historyLine(entry: HistoryEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

/** `undefined` for a damaged line. Texts come out visible, whoever wrote them. */
export function parseHistoryLine(line: string): HistoryEntry | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null || !isWhole(json)) return undefined;
  const { receivedAt, requestId, matchedBy, latencyMs, label, confidence } = json;
  const { capturedAt, bytes, suspect } = json as Partial<Record<keyof HistoryEntry, unknown>>;
  return {
    ...{ receivedAt, matchedBy, latencyMs, confidence },
    ...{ requestId: escapeInvisible(requestId), label: escapeInvisible(label) },
    ...(isTime(capturedAt) ? { capturedAt } : {}),
    ...(isNumber(bytes) ? { bytes } : {}),
    ...(suspect === 'black' || suspect === 'flat' ? { suspect } : {}),
  };
}

type Required = Pick<
  HistoryEntry,
  'receivedAt' | 'requestId' | 'matchedBy' | 'latencyMs' | 'label' | 'confidence'
>;

function isWhole(json: object): json is Required {
  const { receivedAt, requestId, matchedBy, latencyMs, label, confidence } = json as Readonly<
    Partial<Record<keyof Required, unknown>>
  >;
  return (
    isTime(receivedAt) &&
    [requestId, label].every(isText) &&
    [latencyMs, confidence].every(isNumber) &&
    MATCHED_BY.some((word) => word === matchedBy)
  );
}

const MATCHED_BY: readonly Answered['matchedBy'][] = ['requestId', 'correlationData', 'order'];

function isTime(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}
