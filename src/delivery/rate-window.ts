// Keeps what is sent within so many messages and bytes in any one second; arithmetic only, it waits for nothing.

export interface RateLimits {
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
}

export interface RateWindow {
  /**
   * Milliseconds to wait before a message of `bytes` may go at `nowMs` (monotonic); 0 = now, and it is counted. Ask again
   * after the wait. A message larger than the limit of a whole second goes when nothing else went within one.
   */
  take(bytes: number, nowMs: number): number;
}

const WINDOW_MS = 1000;

/**
 * A sliding window and not a token bucket: a bucket that allows the full rate lets twice of it pass in its first second,
 * and a smaller one never reaches the rate; the broker's limit is so many a second, whichever second one looks at.
 */
export function createRateWindow({ messagesPerSecond, bytesPerSecond }: RateLimits): RateWindow {
  let recent: readonly { readonly atMs: number; readonly bytes: number }[] = [];
  return {
    take(bytes, nowMs) {
      recent = recent.filter(({ atMs }) => nowMs - atMs < WINDOW_MS); // at most messagesPerSecond of them
      let sent = recent.reduce((sum, one) => sum + one.bytes, 0);
      let count = recent.length;
      let waitMs = 0;
      // The oldest leave the window first.
      for (const one of recent) {
        if (count < messagesPerSecond && sent + bytes <= bytesPerSecond) break;
        count -= 1;
        sent -= one.bytes;
        waitMs = one.atMs + WINDOW_MS - nowMs;
      }
      if (waitMs === 0) recent = [...recent, { atMs: nowMs, bytes }];
      return waitMs;
    },
  };
}
