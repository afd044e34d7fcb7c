// The arithmetic of reconnection delays; it waits for nothing and remembers nothing.

export interface BackoffPolicy {
  readonly baseSeconds: number;
  readonly maxSeconds: number;
  readonly jitter: 'full' | 'none';
  /** The first delay after a loss is uniform in 0..spread: 1,000 clients that lose one broker do not return at once. */
  readonly spreadSeconds: number;
}

/**
 * Milliseconds before attempt number `attempt` since the last stable connection (0 = the first after a loss).
 * `min(2^n * base, max)` as the AWS IoT Device SDK defines it; with full jitter the delay is uniform below that,
 * as the AWS Architecture Blog's "Exponential Backoff And Jitter" measured best.
 */
export function backoffDelayMs(policy: BackoffPolicy, attempt: number, fraction: () => number): number {
  const ceilingSeconds = Math.min(2 ** Math.min(attempt, 30) * policy.baseSeconds, policy.maxSeconds);
  if (attempt === 0 && policy.spreadSeconds > 0) return fraction() * policy.spreadSeconds * 1000;
  return (policy.jitter === 'full' ? fraction() : 1) * ceilingSeconds * 1000;
}
