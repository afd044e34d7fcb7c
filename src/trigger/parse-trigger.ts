// Turns the bytes of a trigger into its known fields, or says why they are malformed. It decides nothing else.

export interface TriggerFields {
  readonly requestId?: string;
  /** Milliseconds since 1970, from the RFC 3339 texts `sent_at` and `expires_at`. */
  readonly sentAtMs?: number;
  readonly expiresAtMs?: number;
  readonly maxWidthPx?: number;
  readonly maxQuality?: number;
}

export type ParsedTrigger =
  | { readonly kind: 'parsed'; readonly fields: TriggerFields }
  /** `requestId`: where that much could be read, so that the sender knows the answer for its own. */
  | { readonly kind: 'malformed'; readonly detail: string; readonly requestId?: string };

export const TRIGGER_BYTES_MAX = 64 * 1024;

const REQUEST_ID_CHARACTERS_MAX = 128;
const OPENING_BRACE = 0x7b;
const BLANKS: readonly number[] = [0x20, 0x09, 0x0a, 0x0d];

/** Any payload is a trigger; only one whose first non-blank byte is `{` is parsed, and unknown fields are ignored. */
export function parseTrigger(payload: Uint8Array): ParsedTrigger {
  if (payload.length > TRIGGER_BYTES_MAX)
    return malformed(`${payload.length} bytes, at most ${TRIGGER_BYTES_MAX}`);
  if (payload.find((byte) => !BLANKS.includes(byte)) !== OPENING_BRACE) return { kind: 'parsed', fields: {} };
  let json: Readonly<Record<string, unknown>>;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(payload);
    json = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return malformed('not valid JSON in UTF-8');
  }
  try {
    return { kind: 'parsed', fields: readFields(json) };
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    return { ...malformed(error.message), ...readableId(json) };
  }
}

class FieldError extends Error {}

function readFields(json: Readonly<Record<string, unknown>>): TriggerFields {
  const requestId = field(
    json,
    'request_id',
    isRequestId,
    `1 to ${REQUEST_ID_CHARACTERS_MAX} printable characters`,
  );
  const sentAt = field(json, 'sent_at', isTimestamp, 'an RFC 3339 time');
  const expiresAt = field(json, 'expires_at', isTimestamp, 'an RFC 3339 time');
  const maxWidthPx = field(json, 'max_width', isCount, 'a whole number above 0');
  const maxQuality = field(json, 'max_quality', isCount, 'a whole number above 0');
  return {
    ...(requestId === undefined ? {} : { requestId }),
    ...(sentAt === undefined ? {} : { sentAtMs: timeOf(sentAt) }),
    ...(expiresAt === undefined ? {} : { expiresAtMs: timeOf(expiresAt) }),
    ...(maxWidthPx === undefined ? {} : { maxWidthPx }),
    ...(maxQuality === undefined ? {} : { maxQuality }),
  };
}

function field<T>(
  json: Readonly<Record<string, unknown>>,
  name: string,
  ...[isRight, allowed]: [isRight: (value: unknown) => value is T, allowed: string]
): T | undefined {
  if (!Object.hasOwn(json, name)) return undefined;
  const value = json[name];
  if (!isRight(value)) throw new FieldError(`${name} is not ${allowed}`);
  return value;
}

// With the u flag a character counts once, whether it has one UTF-16 unit or two.
const REQUEST_ID = new RegExp(String.raw`^[^\p{C}\p{Zl}\p{Zp}]{1,${REQUEST_ID_CHARACTERS_MAX}}$`, 'u');

function readableId(json: Readonly<Record<string, unknown>>): { readonly requestId?: string } {
  const requestId = Object.hasOwn(json, 'request_id') ? json['request_id'] : undefined;
  return isRequestId(requestId) ? { requestId } : {};
}

function isRequestId(value: unknown): value is string {
  return typeof value === 'string' && REQUEST_ID.test(value);
}

// RFC 3339, section 5.6; Date.parse alone also takes local times, words and 24:00:00.
const HOUR_MINUTE = String.raw`(?:[01]\d|2[0-3]):[0-5]\d`;
const RFC_3339 = new RegExp(
  String.raw`^(\d{4}-\d{2}-\d{2})[Tt ]${HOUR_MINUTE}:([0-5]\d|60)(?:\.\d{1,9})?(?:[Zz]|[+-]${HOUR_MINUTE})$`,
);

function isTimestamp(value: unknown): value is string {
  const [text = '', day = '', second] = typeof value === 'string' ? (RFC_3339.exec(value) ?? []) : [];
  if (!isDay(day) || Number.isNaN(timeOf(text))) return false;
  // Leap seconds are put in at midnight UTC alone (section 5.7).
  return second !== '60' || new Date(timeOf(text)).toISOString().includes('T23:59:59');
}

/** Milliseconds since 1970, which have no leap seconds: such a one is taken for the second before it. */
function timeOf(timestamp: string): number {
  return Date.parse(timestamp.replace(/:60(?=[.Zz+-])/, ':59'));
}

/** Date.parse moves 30 February to March. */
function isDay(day: string): boolean {
  const midnight = new Date(day);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function malformed(detail: string): Extract<ParsedTrigger, { kind: 'malformed' }> {
  return { kind: 'malformed', detail };
}
