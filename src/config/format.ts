// What a format is, and the plain ones (numbers, words, switches); it knows no key and reads nothing.

/** A closed description of the values one key may have. A value is never changed to make it fit. */
export interface Format<T> {
  readonly name: string;
  /** What is allowed, as a noun phrase for messages and the reference. */
  readonly allowed: string;
  /** The same for editors, as JSON Schema: it refuses nothing that is accepted here, and may let pass what is not. */
  readonly schema: SchemaPart;
  accepts(value: unknown): value is T;
  /** Reads environment or flag text. What cannot be read comes back as the text, which `accepts` then refuses. */
  fromText(text: string): unknown;
  /** True where layers add to the value key by key instead of replacing it. */
  readonly merges?: true;
}

/** A piece of JSON Schema, draft-07. */
export type SchemaPart = Readonly<Record<string, unknown>>;

// Decimal notation only: `12abc`, `0x1f`, `1e3`, the empty text and surrounding blanks stay text.
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

export interface Range {
  readonly min: number;
  readonly max: number;
  readonly unit?: string;
}

export function integer({ min, max, unit }: Range): Format<number> {
  return {
    name: `integer ${String(min)}..${String(max)}${inUnit(unit)}`,
    allowed: `a whole number from ${String(min)} to ${String(max)}${inUnit(unit)}`,
    schema: { type: 'integer', minimum: min, maximum: max },
    accepts: (value): value is number => Number.isSafeInteger(value) && within(value, min, max),
    fromText: decimalFromText,
  };
}

export function decimal({ min, max, unit }: Range): Format<number> {
  return {
    name: `number ${String(min)}..${String(max)}${inUnit(unit)}`,
    allowed: `a number from ${String(min)} to ${String(max)}${inUnit(unit)}`,
    schema: { type: 'number', minimum: min, maximum: max },
    accepts: (value): value is number => within(value, min, max),
    fromText: decimalFromText,
  };
}

/** A closed list of words or numbers; the number 5 and the text "5" are different values in a file. */
export function oneOf<const T extends readonly (string | number)[]>(...options: T): Format<T[number]> {
  return {
    name: `one of ${options.join(', ')}`,
    allowed: listed(options),
    schema: { enum: options },
    accepts: (value): value is T[number] => options.some((option) => option === value),
    fromText: (text) => options.find((option) => String(option) === text) ?? text,
  };
}

/** `true` or `false` and nothing that merely looks like it: `off` and `0` mean different things to different people. */
export function yesOrNo(): Format<boolean> {
  return {
    name: 'boolean',
    allowed: 'true or false',
    schema: { type: 'boolean' },
    accepts: (value): value is boolean => typeof value === 'boolean',
    fromText: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  };
}

export interface TextRule {
  readonly allowed: string;
  /** For the schema: a regular expression without flags that matches at least what `test` accepts. */
  readonly pattern: string;
  readonly test: (value: string) => boolean;
}

export function text(name: string, rule: TextRule): Format<string> {
  return {
    name,
    allowed: rule.allowed,
    schema: { type: 'string', pattern: rule.pattern },
    accepts: (value): value is string => typeof value === 'string' && rule.test(value),
    fromText: (given) => given,
  };
}

/** Also `null`, which says "unset"; in the environment and on the command line that is the empty text. */
export function unsettable<T>(format: Format<T>): Format<T | null> {
  return {
    ...format,
    name: `${format.name} or unset`,
    allowed: `${format.allowed}, or null for none`,
    schema: { anyOf: [format.schema, { type: 'null' }] },
    accepts: (value): value is T | null => value === null || format.accepts(value),
    fromText: (given) => (given === '' ? null : format.fromText(given)),
  };
}

/** A list, whole: in the environment and on the command line as JSON or comma separated. */
export function listOf(format: Format<string>, maxItems: number): Format<readonly string[]> {
  return {
    name: `list of ${format.name}`,
    allowed: `a list of at most ${String(maxItems)}, each ${format.allowed}`,
    schema: { type: 'array', items: format.schema, maxItems },
    accepts: (value): value is readonly string[] =>
      Array.isArray(value) && value.length <= maxItems && value.every((item) => format.accepts(item)),
    fromText: (given) => (given.trimStart().startsWith('[') ? jsonFromText(given) : commaSeparated(given)),
  };
}

/** The JSON value in a text, or the text itself where it holds none. */
export function jsonFromText(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return given; // not JSON, so still a text, which the format refuses by its own name
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** False for the three names through which an object's prototype can be reached. */
export function isSafeName(name: string): boolean {
  return name !== '__proto__' && name !== 'prototype' && name !== 'constructor';
}

/** Words for people: `a, b or c`. */
export function listed(options: readonly (string | number)[]): string {
  const words = options.map(String);
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
}

function within(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max;
}

function decimalFromText(given: string): unknown {
  return DECIMAL.test(given) ? Number(given) : given;
}

function commaSeparated(given: string): readonly string[] {
  return given.trim() === '' ? [] : given.split(',').map((item) => item.trim());
}

function inUnit(unit: string | undefined): string {
  return unit === undefined ? '' : ` ${unit}`;
}
