// The captures that wait for a frame of the stream, and which frame is fresh enough for each; it starts and ends no program.
import type { CaptureFailure } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import type { RawOutcome } from './driver.ts';
import { createStampTrust } from './stamp-trust.ts';
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
  /** A session opens now: no frame that comes from here on was exposed earlier. */
  opened(): void;
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

/** `skipFrames`: warm-up frames of each session. */
export function createStreamWaiters(options: {
  readonly clock: Clock;
  readonly skipFrames: number;
}): StreamWaiters {
  const { clock } = options;
  const waiters = new Set<Waiting>();
  const trust = createStampTrust(clock);
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
    opened() {
      trust.opened();
    },
    deliver({ bytes, exposedAtMs }, index) {
      const exposure = trust.exposureOf(exposedAtMs);
      const capturedAt = exposure?.at ?? clock.now();
      for (const waiter of waiters) {
        const fresh =
          exposure === undefined ? waiter.seen >= FRAMES_IN_FLIGHT : exposure.monotonicMs > waiter.askedMs;
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
