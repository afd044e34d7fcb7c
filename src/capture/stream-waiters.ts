// The captures that wait for a frame of the stream, and which frame is fresh enough for each; it starts and ends no program.
import type { CaptureFailure } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import type { RawOutcome } from './driver.ts';
import type { StreamFrame } from './stream-frames.ts';

export interface StreamWaiter {
  /** Monotonic milliseconds. */
  readonly askedMs: number;
  /** Settles with the first frame that is fresh for this capture, or with its failure. Never rejects. */
  readonly answer: Promise<RawOutcome>;
  /** Ends the wait; harmless where the answer is there. */
  readonly settle: (outcome: RawOutcome) => void;
}

export interface StreamWaiters {
  readonly size: number;
  /** `skipFrames`: frames to pass over from now on, for a camera that has to find its light. */
  add(skipFrames: number): StreamWaiter;
  /** Gives the frame to every waiter for which it is fresh; `index` counts from 0 in its session. */
  deliver(frame: StreamFrame, index: number): void;
  /** Fails those who asked before a session was opened; whoever came later gets one of their own. */
  fail(failure: CaptureFailure, openedMs: number): void;
}

interface Waiting extends StreamWaiter {
  /** Frames completed since it asked. */
  seen: number;
  readonly skipFrames: number;
}

// A camera exposes one picture while it transfers the one before: without stamps only the third is surely fresh.
const FRAMES_IN_FLIGHT = 2;
// A stamp further off than this comes from before a jump of the wall clock, and so does one of the future: no frame is
// there before it was exposed. The kernel's clock and ours differ by the few milliseconds between two looks at them.
const STAMP_AGE_MS_MAX = 5000;
const STAMP_AHEAD_MS_MAX = 50;

/** `skipFrames`: warm-up frames of each session. */
export function createStreamWaiters(options: {
  readonly clock: Clock;
  readonly skipFrames: number;
}): StreamWaiters {
  const { clock } = options;
  const waiters = new Set<Waiting>();
  return {
    get size() {
      return waiters.size;
    },
    add(skipFrames) {
      let settle: (outcome: RawOutcome) => void = () => undefined;
      const answer = new Promise<RawOutcome>((resolve) => {
        settle = (outcome) => {
          waiters.delete(waiter);
          resolve(outcome);
        };
      });
      const waiter: Waiting = { askedMs: clock.monotonicMs(), seen: 0, skipFrames, answer, settle };
      waiters.add(waiter);
      return waiter;
    },
    deliver({ bytes, exposedAtMs = -Infinity }, index) {
      const nowMs = clock.monotonicMs();
      const ageMs = clock.now().getTime() - exposedAtMs;
      const stamped = ageMs >= -STAMP_AHEAD_MS_MAX && ageMs <= STAMP_AGE_MS_MAX;
      const capturedAt = stamped ? new Date(exposedAtMs) : clock.now();
      for (const waiter of waiters) {
        const fresh = stamped ? nowMs - ageMs > waiter.askedMs : waiter.seen >= FRAMES_IN_FLIGHT;
        const warm = index >= options.skipFrames && waiter.seen >= waiter.skipFrames;
        waiter.seen += 1;
        if (fresh && warm) waiter.settle({ kind: 'captured', bytes, capturedAt });
      }
    },
    fail(failure, openedMs) {
      for (const waiter of waiters) if (waiter.askedMs <= openedMs) waiter.settle(failure);
    },
  };
}
