import assert from 'node:assert/strict';
import type { Clock } from '../../src/support/clock.ts';
import { fireEvery } from '../../src/trigger/every.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';

interface Bench {
  readonly clock: FakeClock;
  /** When it fired, in milliseconds since the start. */
  readonly firedMs: number[];
  readonly stop: AbortController;
  readonly running: Promise<void>;
}

/** `wrap` makes the clock less than perfect. */
function firing(seconds: number, wrap: (clock: FakeClock) => Clock = (clock) => clock): Bench {
  const clock = createFakeClock();
  const firedMs: number[] = [];
  const stop = new AbortController();
  const fire = (): void => {
    firedMs.push(clock.monotonicMs());
  };
  const running = fireEvery({ clock: wrap(clock), seconds, fire }, stop.signal);
  return { clock, firedMs, stop, running };
}

describe('fireEvery()', () => {
  it('does nothing at all where the period is 0', async () => {
    const { clock, firedMs, running } = firing(0);
    await running;
    assert.deepEqual([clock.timers(), firedMs], [0, []]);
  });

  it('ends when the signal aborts, without a last picture and without a timer', async () => {
    const { clock, firedMs, stop, running } = firing(10);
    await clock.advance(9999);
    stop.abort();
    await running;
    await clock.advance(60_000);
    assert.deepEqual([clock.timers(), firedMs], [0, []]);
  });

  it('never starts under a signal that has aborted', async () => {
    const clock = createFakeClock();
    const fire = (): void => assert.fail('it fired');
    await fireEvery({ clock, seconds: 1, fire }, AbortSignal.abort());
    assert.equal(clock.timers(), 0);
  });

  it('fires first after one period, and then at each', async () => {
    const { clock, firedMs } = firing(10);
    await clock.advance(9999);
    assert.deepEqual(firedMs, []);
    await clock.advance(25_000);
    assert.deepEqual(firedMs, [10_000, 20_000, 30_000]);
  });

  it('does not drift with timers that ring late', async () => {
    const late = (clock: FakeClock): Clock => ({
      ...clock,
      timer: (ms, action) => clock.timer(ms + 7, action),
    });
    const { clock, firedMs } = firing(1, late);
    await clock.advance(100_500);
    assert.equal(firedMs.length, 100);
    assert.deepEqual([firedMs[0], firedMs.at(-1)], [1007, 100_007]);
  });

  it('fires once a period with timers that ring up to a millisecond early, as those of Node do', async () => {
    const early = (clock: FakeClock): Clock => ({
      ...clock,
      monotonicMs: () => clock.monotonicMs() + 0.4,
      timer: (ms, action) => clock.timer(Math.max(1, ms - 0.9), action),
    });
    const { clock, firedMs } = firing(1, early);
    await clock.advance(20_500);
    assert.deepEqual(
      firedMs.map(Math.round),
      [...Array(20).keys()].map((tick) => (tick + 1) * 1000),
    );
  });

  it('does not notice when the wall clock is set', async () => {
    const { clock, firedMs } = firing(10);
    await clock.advance(5000);
    clock.jump(-86_400_000);
    await clock.advance(5000);
    clock.jump(86_400_000);
    await clock.advance(9999);
    assert.deepEqual(firedMs, [10_000]);
  });

  it('fires once after a pause of many periods, then at the old beat', async () => {
    let sleptMs = 0;
    const suspended = (clock: FakeClock): Clock => ({
      ...clock,
      monotonicMs: () => clock.monotonicMs() + sleptMs,
    });
    const { clock, firedMs } = firing(10, suspended);
    await settle();
    sleptMs = 95_000; // the next timer rings 10 s later, at 105 s of the machine's time
    await clock.advance(10_000);
    assert.deepEqual(firedMs, [10_000]);
    await clock.advance(4999);
    assert.equal(firedMs.length, 1);
    await clock.advance(1);
    assert.deepEqual(firedMs, [10_000, 15_000]);
  });
});
