// Reads what was thrown at us into words and codes; it never decides what to do about it.

/** The `code` of a Node system error (`ENOSPC`, `ECONNREFUSED`, ...), or `undefined`. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error === 'object' && error !== null && 'code' in error) {
    const { code } = error;
    return typeof code === 'string' || typeof code === 'number' ? String(code) : undefined;
  }
  return undefined;
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * An operating failure of the kind a person mends: its message says what is so and what to do, and a command prints
 * it without a stack trace. Anything else that is thrown is a bug.
 */
export class OperatingError extends Error {
  readonly code: string;

  constructor(message: string, options: { code: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OperatingError';
    this.code = options.code;
  }
}

/** For the `default` of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new TypeError(`Cannot go on: unexpected value ${JSON.stringify(value)}`);
}
