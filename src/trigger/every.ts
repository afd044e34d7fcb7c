// Fires on a timer that neither drifts nor catches up: a suspended machine wakes to one picture, not to a burst.
import { sleep, type Clock } from '../support/clock.ts';

export async function fireEvery(
  options: { readonly clock: Clock; readonly seconds: number; readonly fire: () => void },
  signal: AbortSignal,
): Promise<void> {
  const { clock, fire } = options;
  const periodMs = options.seconds * 1000;
  if (periodMs <= 0) return;
  const startedMs = clock.monotonicMs();
  let tick = 1;
  while (!signal.aborted) {
    const elapsedMs = clock.monotonicMs() - startedMs;
    const waitMs = tick * periodMs - elapsedMs;
    if (waitMs > 0) {
      await sleep(clock, waitMs, signal); // a timer may ring up to a millisecond early, so the time is read again
    } else {
      tick = Math.floor(elapsedMs / periodMs) + 1;
      fire();
    }
  }
}
