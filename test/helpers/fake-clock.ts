// A clock that a test moves by hand; it never waits for real time. test/support/clock.test.ts holds it to the real one.
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/support/clock.ts';

export interface FakeClock extends Clock {
  /** Lets `ms` pass: runs what falls due in order, and lets promises settle before, between and after. */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock forward or back, as NTP does; durations do not notice. */
  jump(ms: number): void;
  /** Timers that are set: a stage at rest leaves none behind. */
  timers(): number;
}

interface Timer {
  readonly dueMs: number;
  readonly action: () => void;
}

/** Node's timers hold no more; the system clock cuts longer ones off. */
const TIMER_MS_MAX = 2_147_483_647;

export function createFakeClock(wallTime = new Date('2031-05-06T07:08:09.010Z')): FakeClock {
  const timers = new Set<Timer>();
  let elapsedMs = 0;
  let wallMs = wallTime.getTime();
  const passTo = (dueMs: number): void => {
    wallMs += dueMs - elapsedMs;
    elapsedMs = dueMs;
  };
  return {
    now: () => new Date(wallMs),
    monotonicMs: () => elapsedMs,
    timer(ms, action) {
      const timer = { dueMs: elapsedMs + Math.min(Math.max(ms, 0), TIMER_MS_MAX), action };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    async advance(ms) {
      const endMs = elapsedMs + ms;
      await settle();
      for (let timer = nextDue(timers, endMs); timer !== undefined; timer = nextDue(timers, endMs)) {
        passTo(Math.max(elapsedMs, timer.dueMs));
        timers.delete(timer);
        timer.action();
        await settle();
      }
      passTo(endMs);
    },
    jump(ms) {
      wallMs += ms;
    },
    timers: () => timers.size,
  };
}

/** Lets every promise settle that waits for neither a timer nor a device. */
export async function settle(): Promise<void> {
  await setImmediate();
}

function nextDue(timers: ReadonlySet<Timer>, endMs: number): Timer | undefined {
  let next: Timer | undefined;
  for (const timer of timers) {
    if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
  }
  return next;
}
