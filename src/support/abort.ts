// Waiting for an AbortSignal, alone or against work; leaves no listener behind on a signal that outlives the wait.

/** A function call, so that the compiler does not take an earlier look at `aborted` for the present state. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

export async function untilAborted(signal: AbortSignal): Promise<void> {
  await orAborted(new Promise<never>(() => undefined), signal);
}

/** What comes first: the work's end, or the abort. The work itself goes on. */
export async function orAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<{ readonly kind: 'done'; readonly value: T } | { readonly kind: 'aborted' }> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<{ readonly kind: 'aborted' }>((resolve) => {
    onAbort = () => {
      resolve({ kind: 'aborted' });
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
  });
  try {
    return await Promise.race([work.then((value) => ({ kind: 'done', value }) as const), aborted]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
