// Lets one loop sleep until somebody has work for it; a wake-up before the sleep is not lost. It carries no data.
import type { Clock } from './clock.ts';

export interface Wakeup {
  wake(): void;
  /** Resolves at the next `wake`, at once where one came since the last wait, or when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
}

/** As `wait`, and at most `ms`. */
export async function waitAtMost(
  wakeup: Wakeup,
  { clock, ms }: { readonly clock: Clock; readonly ms: number },
  signal: AbortSignal,
): Promise<void> {
  const late = new AbortController();
  const cancel = clock.timer(ms, () => {
    late.abort();
  });
  await wakeup.wait(AbortSignal.any([signal, late.signal]));
  cancel();
}

export function createWakeup(): Wakeup {
  let pending = false;
  let resume = (): void => undefined;
  return {
    wake() {
      pending = true;
      resume();
    },
    async wait(signal) {
      if (!pending && !signal.aborted) {
        await new Promise<void>((resolve) => {
          resume = () => {
            signal.removeEventListener('abort', resume);
            resolve();
          };
          signal.addEventListener('abort', resume, { once: true });
        });
      }
      pending = false;
    },
  };
}
