// Lets one loop sleep until somebody has work for it; a wake-up before the sleep is not lost. It carries no data.

export interface Wakeup {
  wake(): void;
  /** Resolves at the next `wake`, at once where one came since the last wait, or when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
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
