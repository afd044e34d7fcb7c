// One thing that is wrong with the configuration, and its one-line message; it decides nothing.
import { escapeInvisible } from '../support/visible-text.ts';
import { withoutSecrets } from './hide-secrets.ts';

export interface Problem {
  /** The file (`path:line:column` where the place is known), `environment`, `flag` or `default`. */
  readonly source: string;
  /** The key; empty where the file as a whole cannot be used. */
  readonly key: string;
  /** The value that was given, without secrets, shortened and made visible; empty where there is none. */
  readonly value: string;
  /** What is so. */
  readonly found: string;
  /** What is allowed. */
  readonly allowed: string;
}

const SHOWN_CHARACTERS_MAX = 80;

/** A problem with one value; `found` says what is so where that is more than the value itself. */
export function valueProblem(problem: {
  readonly source: string;
  readonly key: string;
  readonly value: unknown;
  readonly allowed: string;
  readonly found?: string;
}): Problem {
  const value = shownValue(problem.key, problem.value);
  const key = shortened(problem.key);
  return {
    source: problem.source,
    key,
    value,
    found: problem.found ?? `it is ${value}`,
    allowed: problem.allowed,
  };
}

/** A problem with a file as a whole. */
export function fileProblem(source: string, found: string, allowed: string): Problem {
  return { source, key: '', value: '', found: shortened(found), allowed };
}

/** `Cannot use KEY of FILE: what is so, what is allowed`. */
export function formatProblem({ source, key, value, found, allowed }: Problem): string {
  const given = value === '' || found.includes(value) ? '' : ` (given is ${value})`;
  return key === ''
    ? `Cannot read ${escapeInvisible(source)}: ${found}, allowed is ${allowed}`
    : `Cannot use ${key} ${whence(source)}: ${found}${given}, allowed is ${allowed}`;
}

/** The value (plain data or text) of a key as JSON, at most 80 characters, without secrets and what a terminal obeys. */
export function shownValue(key: string, value: unknown): string {
  return shortened(JSON.stringify(withoutSecrets(key, value)));
}

function shortened(text: string): string {
  const visible = escapeInvisible(text);
  return visible.length > SHOWN_CHARACTERS_MAX ? `${visible.slice(0, SHOWN_CHARACTERS_MAX - 3)}...` : visible;
}

function whence(source: string): string {
  if (source === 'environment') return 'from the environment';
  return source === 'flag' ? 'from a flag' : `of ${escapeInvisible(source)}`;
}
