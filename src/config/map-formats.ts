// The formats of values that are maps or lists of maps: controls, crop, result filter and actions. Pure checks.
import { isRecord, isSafeName, jsonFromText, type Format, type SchemaPart } from './format.ts';
import { topicName } from './formats.ts';

const CONTROL_NAME = /^[A-Za-z0-9_][A-Za-z0-9_ ,()-]{0,63}$/;
const INT32_MAX = 2 ** 31 - 1;
const FRACTION: SchemaPart = { type: 'number', minimum: 0, maximum: 1 };

/** V4L2 controls by name; the kernel's names hold blanks, commas and brackets. */
export const controls = map<Readonly<Record<string, number>>>('V4L2 controls', {
  allowed:
    'a map of at most 64 control names (1 to 64 of A-Z a-z 0-9 _ , ( ) - and blank, first none of the last five) to 32-bit whole numbers',
  schema: {
    propertyNames: { pattern: CONTROL_NAME.source },
    additionalProperties: { type: 'integer', minimum: -INT32_MAX, maximum: INT32_MAX },
    maxProperties: 64,
  },
  test: (value) =>
    Object.keys(value).length <= 64 &&
    Object.entries(value).every(
      ([name, given]) => CONTROL_NAME.test(name) && isSafeName(name) && isInt32(given),
    ),
});

export interface Crop {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export const crop = map<Crop>('crop', {
  allowed:
    '{left, top, width, height} as fractions 0..1 of the frame, left + width and top + height at most 1',
  schema: {
    properties: { left: FRACTION, top: FRACTION, width: FRACTION, height: FRACTION },
    additionalProperties: false,
  },
  test: (value) => {
    if (!hasExactly(value, ['left', 'top', 'width', 'height'])) return false;
    const { left, top, width, height } = value;
    return reachesInside(left, width) && reachesInside(top, height);
  },
});

export interface ResultFilter {
  readonly type: 'classification' | 'detection';
  readonly labelScore: Readonly<Record<string, number>>;
}

export const resultFilter = map<ResultFilter>('result filter', {
  allowed:
    '{type: classification or detection, labelScore: {LABEL: lowest confidence 0..1}}, at most 1000 labels',
  schema: {
    properties: {
      type: { enum: ['classification', 'detection'] },
      labelScore: { type: 'object', additionalProperties: FRACTION, maxProperties: 1000 },
    },
    additionalProperties: false,
  },
  test: ({ type, labelScore, ...others }) =>
    (type === 'classification' || type === 'detection') &&
    Object.keys(others).length === 0 &&
    isRecord(labelScore) &&
    Object.keys(labelScore).length <= 1000 &&
    Object.entries(labelScore).every(
      ([label, score]) => isLabel(label) && isSafeName(label) && isFraction(score),
    ),
});

export interface ResultAction {
  readonly label: string;
  readonly minConfidence: number;
  readonly publish: string;
  readonly payload?: string;
}

export const resultActions: Format<readonly ResultAction[]> = {
  name: 'result actions',
  allowed: 'a list of at most 100 {label, minConfidence: 0..1, publish: topic name, payload?: text}',
  schema: {
    type: 'array',
    maxItems: 100,
    items: {
      type: 'object',
      properties: {
        label: { type: 'string', minLength: 1, maxLength: 256 },
        minConfidence: FRACTION,
        publish: topicName.schema,
        payload: { type: 'string' },
      },
      required: ['label', 'minConfidence', 'publish'],
      additionalProperties: false,
    },
  },
  accepts: (value): value is readonly ResultAction[] =>
    Array.isArray(value) && value.length <= 100 && value.every(isAction),
  fromText: jsonFromText,
};

// 0.57 + 0.43 and the like come out a little above 1 in binary fractions.
const ROUNDING = 1e-9;

function map<T extends object>(
  name: string,
  rule: {
    readonly allowed: string;
    /** Of one file: layers add up, so that none has to hold all of a map. */
    readonly schema: SchemaPart;
    readonly test: (value: Readonly<Record<string, unknown>>) => boolean;
  },
): Format<T> {
  return {
    name,
    allowed: rule.allowed,
    schema: { type: 'object', ...rule.schema },
    accepts: (value): value is T => isRecord(value) && rule.test(value),
    fromText: jsonFromText,
    merges: true,
  };
}

function isAction(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { label, minConfidence, publish, payload, ...others } = value;
  return (
    Object.keys(others).length === 0 &&
    isLabel(label) &&
    isFraction(minConfidence) &&
    topicName.accepts(publish) &&
    (payload === undefined || typeof payload === 'string')
  );
}

function isLabel(value: unknown): value is string {
  return typeof value === 'string' && /^[^\p{Cc}]{1,256}$/u.test(value);
}

function isFraction(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

function reachesInside(start: unknown, length: unknown): boolean {
  return isFraction(start) && isFraction(length) && length > 0 && start + length <= 1 + ROUNDING;
}

function hasExactly(value: object, names: readonly string[]): boolean {
  return Object.keys(value).length === names.length && names.every((name) => Object.hasOwn(value, name));
}

function isInt32(value: unknown): boolean {
  return Number.isInteger(value) && Math.abs(Number(value)) <= INT32_MAX;
}
