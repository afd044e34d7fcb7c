// How long half a delivery that does not go on is waited for in silence. It reads and decides nothing else.
import type { Clock } from '../../support/clock.ts';

export interface DeliveryPatience {
  /** Whether these files were found to be half a delivery and their time is not over. */
  waitsFor(identity: string): boolean;
  /** These files are half a delivery: whether they have been that long enough. */
  isOver(identity: string): boolean;
}

export function createDeliveryPatience(clock: Clock, patienceMs: number): DeliveryPatience {
  let half: { readonly identity: string; readonly sinceMs: number } | undefined;
  const isLate = (sinceMs: number): boolean => clock.monotonicMs() - sinceMs >= patienceMs;
  return {
    waitsFor: (identity) => half?.identity === identity && !isLate(half.sinceMs),
    isOver(identity) {
      if (half?.identity !== identity) half = { identity, sinceMs: clock.monotonicMs() };
      return isLate(half.sinceMs);
    },
  };
}
