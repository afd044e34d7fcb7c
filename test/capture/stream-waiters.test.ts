import assert from 'node:assert/strict';
import { createStreamWaiters, type StreamWaiters } from '../../src/capture/stream-waiters.ts';
import type { RawOutcome } from '../../src/capture/driver.ts';
import type { Clock } from '../../src/support/clock.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const INTERVAL_MS = 33;

/** Two clocks by hand: the wall clock can be stepped, the monotonic one cannot. */
class Clocks {
  nowMs = 100_000;
  stepMs = 0;
  get clock(): Pick<Clock, 'monotonicMs' | 'now'> {
    return {
      monotonicMs: () => this.nowMs,
      now: () => new Date(START + this.nowMs + this.stepMs),
    };
  }
}

/** Gives a frame each interval, until the capture has one; the milliseconds that took, and what it got. */
async function answerTime(
  clocks: Clocks,
  waiters: StreamWaiters,
  stampOf: (nowMs: number) => number,
): Promise<{ readonly afterMs: number; readonly ageMs: number }> {
  const askedMs = clocks.nowMs;
  const answers: RawOutcome[] = [];
  void waiters.add(0).answer.then((outcome) => answers.push(outcome));
  for (let frame = 0; frame < 400; frame += 1) {
    clocks.nowMs += INTERVAL_MS;
    waiters.deliver({ bytes: new Uint8Array(1), exposedAtMs: stampOf(clocks.nowMs) }, 10);
    await new Promise(setImmediate);
    const [outcome] = answers;
    if (outcome === undefined) continue;
    assert.ok(outcome.kind === 'captured');
    const wallMs = START + clocks.nowMs + clocks.stepMs;
    return { afterMs: clocks.nowMs - askedMs, ageMs: wallMs - outcome.capturedAt.getTime() };
  }
  throw new Error('no answer in 400 frames');
}

describe('createStreamWaiters()', () => {
  let clocks: Clocks;
  let waiters: StreamWaiters;

  beforeEach(() => {
    clocks = new Clocks();
    waiters = createStreamWaiters({ clock: clocks.clock as Clock, skipFrames: 0 });
    waiters.opened();
  });

  for (const stepMs of [60, 400, 1000, 2000, 3000, 4000, 4900, 5100, 3_600_000, -60, -3000]) {
    it(`answers after the frames in flight when the clock was stepped by ${String(stepMs)} ms`, async () => {
      const old = (nowMs: number): number => START + nowMs - INTERVAL_MS;
      await answerTime(clocks, waiters, old);
      clocks.stepMs = stepMs;
      const { afterMs, ageMs } = await answerTime(clocks, waiters, old);
      assert.ok(afterMs <= 3 * INTERVAL_MS, `${String(afterMs)} ms`);
      assert.equal(ageMs, 0, 'the frame is dated by the new clock');
    });

    it(`answers after the frames in flight when a step of ${String(stepMs)} ms comes while it waits`, async () => {
      await answerTime(clocks, waiters, (nowMs) => START + nowMs - INTERVAL_MS);
      const { afterMs } = await answerTime(clocks, waiters, (nowMs) => {
        clocks.stepMs = stepMs;
        return START + nowMs - INTERVAL_MS;
      });
      assert.ok(afterMs <= 3 * INTERVAL_MS, `${String(afterMs)} ms`);
    });
  }

  for (const lagMs of [1000, 2000, 3000, 4000]) {
    it(`does not believe stamps ${String(lagMs)} ms behind: no frame is older than its session`, async () => {
      const { afterMs } = await answerTime(clocks, waiters, (nowMs) => START + nowMs - lagMs);
      assert.ok(afterMs <= 3 * INTERVAL_MS, `${String(afterMs)} ms`);
    });
  }

  it('passes over the frames of a hold-up, however many they are', async () => {
    clocks.nowMs += 10_000;
    const heldUp = Array.from({ length: 30 }, (_, at) => START + clocks.nowMs - 2000 + at * INTERVAL_MS);
    const askedMs = clocks.nowMs;
    const { ageMs, afterMs } = await answerTime(
      clocks,
      waiters,
      (nowMs) => heldUp.shift() ?? START + nowMs - INTERVAL_MS,
    );
    assert.ok(afterMs - ageMs > 0, `exposed ${String(ageMs - afterMs)} ms before ${String(askedMs)}`);
  });

  it('believes stamps again when the clock has stood for a while', async () => {
    clocks.nowMs += 1000;
    clocks.stepMs = 3000;
    const late = (nowMs: number): number => START + nowMs + clocks.stepMs - 150;
    await answerTime(clocks, waiters, late);
    clocks.nowMs += 10_001;
    const { afterMs, ageMs } = await answerTime(clocks, waiters, late);
    assert.ok(afterMs > 150);
    assert.equal(ageMs, 150);
  });

  it('trusts the stamps of the next session', async () => {
    await answerTime(clocks, waiters, (nowMs) => START + nowMs - 3000);
    waiters.opened();
    const { ageMs } = await answerTime(clocks, waiters, (nowMs) => START + nowMs - 10);
    assert.equal(ageMs, 10);
  });
});
