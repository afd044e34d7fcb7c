// Says when a frame was exposed by the stamp it came with, or that its stamp is not to be believed; it sets no clock.
import type { Clock } from '../support/clock.ts';

export interface Exposure {
  readonly at: Date;
  readonly monotonicMs: number;
}

export interface StampTrust {
  /** A session opens now: no frame that comes from here on was exposed earlier. */
  opened(): void;
  /** `undefined` where the frame has no stamp, or one that is not true. `exposedAtMs`: wall-clock milliseconds. */
  exposureOf(exposedAtMs: number | undefined): Exposure | undefined;
}

/**
 * Stamps are wall-clock times that ffmpeg makes of the kernel's monotonic ones with a filter, which follows a step of the
 * clock only after seconds: until then they are off by the step, and who waits for a later one waits for as long. So a
 * step that is seen here, and a stamp from before its session, put an end to the trust.
 */
export function createStampTrust(clock: Clock): StampTrust {
  let openedMs = clock.monotonicMs();
  let aheadMs = wallAheadMs(clock) ?? clock.now().getTime() - clock.monotonicMs();
  let distrustUntilMs = -Infinity;

  function lookAtClock(nowMs: number): void {
    const nowAheadMs = wallAheadMs(clock);
    if (nowAheadMs === undefined) return;
    if (Math.abs(nowAheadMs - aheadMs) > TOLERANCE_MS) {
      distrustUntilMs = Math.max(distrustUntilMs, nowMs + STEP_SETTLES_MS);
    }
    aheadMs = nowAheadMs;
  }

  return {
    opened() {
      openedMs = clock.monotonicMs();
      aheadMs = wallAheadMs(clock) ?? aheadMs;
      distrustUntilMs = -Infinity;
    },
    exposureOf(exposedAtMs) {
      const nowMs = clock.monotonicMs();
      lookAtClock(nowMs);
      if (exposedAtMs === undefined) return undefined;
      const monotonicMs = exposedAtMs - aheadMs;
      const ageMs = nowMs - monotonicMs;
      // A clock that stands apart from ours, for as long as the session lasts.
      if (monotonicMs < openedMs - TOLERANCE_MS) distrustUntilMs = Infinity;
      const isTrue = nowMs >= distrustUntilMs && ageMs >= -TOLERANCE_MS && ageMs <= STAMP_AGE_MS_MAX;
      return isTrue ? { at: new Date(exposedAtMs), monotonicMs } : undefined;
    },
  };
}

// No frame is there before it was exposed; the kernel's clock and ours differ by the few milliseconds between two looks
// at them, and time servers slew a clock by half a millisecond a second.
const TOLERANCE_MS = 50;
// A frame that is older was held up for longer than a session may stand still.
const STAMP_AGE_MS_MAX = 5000;
// ffmpeg's filter has a bandwidth of 1 Hz: after two seconds a step of five has shrunk to a millisecond.
const STEP_SETTLES_MS = 10_000;
// Who is interrupted between two looks at the clocks for longer knows nothing of their difference.
const LOOK_MS_MAX = 10;

/** By how much the wall clock is ahead of the monotonic one. */
function wallAheadMs(clock: Clock): number | undefined {
  const beforeMs = clock.monotonicMs();
  const wallMs = clock.now().getTime();
  const afterMs = clock.monotonicMs();
  return afterMs - beforeMs > LOOK_MS_MAX ? undefined : wallMs - afterMs;
}
