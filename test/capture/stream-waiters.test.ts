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

  describe('without stamps', () => {
    let taken: number[];

    /** Frame `number` comes, `ms` after the one before. */
    async function frame(number: number, ms: number): Promise<void> {
      clocks.nowMs += ms;
      waiters.deliver({ bytes: Uint8Array.of(number) }, 10);
      await new Promise(setImmediate);
    }

    function ask(): void {
      taken = [];
      void waiters.add(0).answer.then((outcome) => {
        assert.ok(outcome.kind === 'captured');
        taken.push(...outcome.bytes);
      });
    }

    it('gives the third frame after the capture was asked for', async () => {
      await frame(0, INTERVAL_MS);
      clocks.nowMs += 10;
      ask();
      await frame(1, 23);
      await frame(2, INTERVAL_MS);
      assert.deepEqual(taken, []);
      await frame(3, INTERVAL_MS);
      assert.deepEqual(taken, [3]);
    });

    it('does not count a frame that was complete and waited to be read', async () => {
      await frame(0, INTERVAL_MS);
      clocks.nowMs += INTERVAL_MS;
      ask();
      await frame(1, 1);
      for (const number of [2, 3]) await frame(number, INTERVAL_MS);
      assert.deepEqual(taken, []);
      await frame(4, INTERVAL_MS);
      assert.deepEqual(taken, [4]);
    });

    it('does not count what piled up while this process stood still, however many they are', async () => {
      await frame(0, INTERVAL_MS);
      clocks.nowMs += 500;
      ask();
      clocks.nowMs += 20; // the program reads at last
      for (let number = 1; number <= 12; number += 1) await frame(number, 1);
      for (const number of [13, 14]) await frame(number, INTERVAL_MS);
      assert.deepEqual(taken, []);
      await frame(15, INTERVAL_MS);
      assert.deepEqual(taken, [15]);
    });

    it('waits no more than some half a second for frames that come two by two', async () => {
      ask();
      const askedMs = clocks.nowMs;
      for (let number = 1; taken.length === 0; number += 2) {
        await frame(number, 2 * INTERVAL_MS);
        await frame(number + 1, 1);
      }
      assert.ok(clocks.nowMs - askedMs <= 700, `${String(clocks.nowMs - askedMs)} ms`);
    });

    it('loses no frame of a camera of 120 a second', async () => {
      ask();
      for (const number of [1, 2, 3]) await frame(number, 8);
      assert.deepEqual(taken, [3]);
    });
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
