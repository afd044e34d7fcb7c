// Hides what looks like a secret in a value that is to be shown: what is refused was often written where none belongs. Pure.
import { isRecord } from './format.ts';

/** What stands in place of it. */
const HIDDEN = '[hidden]';

/**
 * A refused value as it may be shown. Errors go to the journal and, with the status message, to everybody who listens on the
 * broker; whoever may read the file has its line.
 */
export function withoutSecrets(key: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(key, item));
  if (isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, withoutSecrets(`${key}.${name}`, each)]),
    );
  }
  if (value === null || (SECRET_KEY.test(key) && !isPath(value))) return value === null ? null : HIDDEN;
  return typeof value === 'string' ? withoutCredentials(value) : value;
}

/** A text without the password in a URL, and without a private key. */
export function withoutCredentials(text: string): string {
  if (PRIVATE_KEY.test(text)) return HIDDEN;
  return text.replace(USER_INFO, `$1${HIDDEN}@`).replace(ASSIGNED, `$1${HIDDEN}`);
}

const SECRET_KEY = /pass|pwd|secret|token|credential|private|(?:\b|_)key$/i;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY/;
// A password may hold `@`, `/` and `:` where nobody encoded it; the scheme may be forgotten.
const USER_INFO = /(:\/\/)\S*@|^(?=[^\s/@:]+:(?!\/\/)\S*@)\S*@/g;
const ASSIGNED = /((?:pass|pwd|secret|token|credential|key)\w*(?:=|: ?))[^&\s]+/gi;

/** The name of a file with a secret is none; the secret itself in its place is one. */
function isPath(value: unknown): boolean {
  return typeof value === 'string' && /^(?:\/|\.{1,2}\/|~\/)/.test(value);
}
