// The only place that reads time or sets timers. Durations are monotonic; `now` is for people, never for arithmetic.

export interface Clock {
  /** Wall-clock time; it jumps when NTP or a person sets it. */
  now(): Date;
  /** Milliseconds since an arbitrary start; never jumps. */
  monotonicMs(): number;
  /** Runs `action` once, `ms` from now; the returned function cancels it and is harmless afterwards. */
  timer(ms: number, action: () => void): () => void;
}

// Node fires a longer timer at once instead of later (timers.html, setTimeout).
const TIMER_MS_MAX = 2_147_483_647;

export function createSystemClock(): Clock {
  return {
    now: () => new Date(),
    monotonicMs: () => performance.now(),
    timer(ms, action) {
      const waitMs = Math.min(Math.max(ms, 0), TIMER_MS_MAX);
      const dueMs = performance.now() + waitMs;
      let afterInput: NodeJS.Immediate | undefined;
      const handle = setTimeout(() => {
        if (performance.now() - dueMs < STALL_MS_MIN) action();
        else afterInput = setImmediate(action);
      }, waitMs);
      return () => {
        clearTimeout(handle);
        clearImmediate(afterInput);
      };
    },
  };
}

// A process that was stopped (SIGSTOP, a suspended machine) finds all its deadlines passed at once, and the answers that
// came in time still unread: Node runs timers before it reads. Input goes first then; nothing is called late that is not.
const STALL_MS_MIN = 100;

/** Runs `action` in `ms`, unless the process has ended by then: it does not wait for this. */
export function ifStillRunning(ms: number, action: () => void): void {
  setTimeout(action, ms).unref();
}

/** Waits `ms`; an abort ends the wait early and is not an error. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<'elapsed' | 'aborted'> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve('aborted');
      return;
    }
    const onAbort = (): void => {
      cancel();
      resolve('aborted');
    };
    const cancel = clock.timer(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve('elapsed');
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Waits for `work`, at most `ms`. The work itself goes on; whoever started it ends it. */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
): Promise<{ readonly kind: 'done'; readonly value: T } | { readonly kind: 'timeout' }> {
  const over = new AbortController();
  try {
    return await Promise.race([
      work.then((value) => ({ kind: 'done', value }) as const),
      sleep(clock, ms, over.signal).then(() => ({ kind: 'timeout' }) as const),
    ]);
  } finally {
    over.abort();
  }
}
