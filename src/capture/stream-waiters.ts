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
  /** The last of them that came one by one, as a camera gives them. */
  inStep: number;
  /** When the first came; Infinity before. */
  firstMs: number;
  readonly skipFrames: number;
}

// A camera exposes one picture while it transfers the one before: without stamps only the third is surely fresh.
const FRAMES_IN_FLIGHT = 2;
// Cameras give up to 120 frames a second: what comes sooner after a capture was asked for, or after the frame before, may
// have been complete and waiting to be read, as all before it. So it is after a hold-up of this process, and it is old.
const IN_STEP_MS_MIN = 5;
// A program that hands its frames over two by two is never in step: what waited has long been read by then.
const READ_MS = 500;

/** `skipFrames`: warm-up frames of each session. */
export function createStreamWaiters(options: {
  readonly clock: Clock;
  readonly skipFrames: number;
}): StreamWaiters {
  const { clock } = options;
  const waiters = new Set<Waiting>();
  const trust = createStampTrust(clock);
  let lastMs = -Infinity;
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
      const waiter: Waiting = {
        ...{ askedMs: clock.monotonicMs(), seen: 0, inStep: 0, firstMs: Infinity },
        ...{ skipFrames, answer, settle },
      };
      waiters.add(waiter);
      return waiter;
    },
    opened() {
      trust.opened();
    },
    deliver({ bytes, exposedAtMs }, index) {
      const exposure = trust.exposureOf(exposedAtMs);
      const capturedAt = exposure?.at ?? clock.now();
      const nowMs = clock.monotonicMs();
      for (const waiter of waiters) {
        countStep(waiter, { nowMs, lastMs });
        const fresh =
          exposure === undefined ? isSurelyFresh(waiter, nowMs) : exposure.monotonicMs > waiter.askedMs;
        const warm = index >= options.skipFrames && waiter.seen >= waiter.skipFrames;
        waiter.seen += 1;
        if (fresh && warm) waiter.settle({ kind: 'captured', bytes, capturedAt });
      }
      lastMs = nowMs;
    },
    fail(failure, openedMs) {
      for (const waiter of waiters) if (waiter.askedMs <= openedMs) waiter.settle(failure);
    },
  };
}

function countStep(waiter: Waiting, { nowMs, lastMs }: { nowMs: number; lastMs: number }): void {
  const mayHaveWaited = nowMs - Math.max(waiter.askedMs, lastMs) < IN_STEP_MS_MIN;
  waiter.inStep = mayHaveWaited ? 0 : waiter.inStep + 1;
  waiter.firstMs = Math.min(waiter.firstMs, nowMs);
}

/** Of a frame whose exposure is not known. */
function isSurelyFresh({ inStep, firstMs }: Waiting, nowMs: number): boolean {
  return inStep > FRAMES_IN_FLIGHT || nowMs - firstMs >= READ_MS;
}
