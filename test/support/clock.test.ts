// One contract for both clocks: the fake that tests use, and the system's on sinon's fake timers. Then what waits on them.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { stat } from 'node:fs/promises';
import sinon from 'sinon';
import { createSystemClock, sleep, withDeadline, type Clock } from '../../src/support/clock.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';

interface Subject {
  readonly clock: Clock;
  readonly advance: (ms: number) => Promise<unknown>;
  readonly jump: (ms: number) => void;
  readonly end: () => void;
}

const clocks: readonly { name: string; create: () => Subject }[] = [
  {
    name: 'of the system',
    create: () => {
      const timers = sinon.useFakeTimers({
        now: 1_900_000_000_000,
        toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'],
      });
      return {
        clock: createSystemClock(),
        advance: (ms) => timers.tickAsync(ms),
        jump: (ms) => {
          timers.setSystemTime(Date.now() + ms);
        },
        end: () => {
          timers.restore();
        },
      };
    },
  },
  {
    name: 'of the tests',
    create: () => {
      const clock = createFakeClock();
      return {
        clock,
        advance: (ms) => clock.advance(ms),
        jump: (ms) => {
          clock.jump(ms);
        },
        end: () => undefined,
      };
    },
  },
];

for (const { name, create } of clocks) {
  describe(`Clock ${name}`, () => {
    let subject: Subject;
    let clock: Clock;
    let ran: string[];
    const note = (text: string) => (): void => {
      ran.push(text);
    };

    beforeEach(() => {
      subject = create();
      clock = subject.clock;
      ran = [];
    });

    afterEach(() => {
      subject.end();
    });

    it('runs nothing that was cancelled', async () => {
      clock.timer(10, note('a'))();
      await subject.advance(100);
      assert.deepEqual(ran, []);
    });

    it('is not troubled by a timer that is cancelled after it ran, or twice', async () => {
      const cancel = clock.timer(10, note('a'));
      await subject.advance(10);
      cancel();
      cancel();
      await subject.advance(100);
      assert.deepEqual(ran, ['a']);
    });

    it('cuts off a timer of more than 2^31 - 1 ms instead of running it at once', async () => {
      const cancel = clock.timer(2 ** 31 + 5, note('a'));
      await subject.advance(1000);
      assert.deepEqual(ran, []);
      cancel();
    });

    it('runs a timer of no or negative length, but never before timer() returns', async () => {
      clock.timer(0, note('a'));
      clock.timer(-5, note('b'));
      assert.deepEqual(ran, []);
      await subject.advance(1);
      assert.deepEqual(ran, ['a', 'b']);
    });

    it('runs a timer once, when its time has come', async () => {
      clock.timer(10, note('a'));
      await subject.advance(9);
      assert.deepEqual(ran, []);
      await subject.advance(1);
      await subject.advance(1000);
      assert.deepEqual(ran, ['a']);
    });

    it('runs timers in the order of their time, and equal ones in the order they were set', async () => {
      clock.timer(20, note('c'));
      clock.timer(10, note('a'));
      clock.timer(10, note('b'));
      await subject.advance(20);
      assert.deepEqual(ran, ['a', 'b', 'c']);
    });

    it('runs a timer that another one set, at its own time', async () => {
      const atMs: number[] = [];
      const startMs = clock.monotonicMs();
      clock.timer(10, () => {
        clock.timer(10, () => {
          atMs.push(clock.monotonicMs() - startMs);
        });
      });
      await subject.advance(30);
      assert.deepEqual(atMs, [20]);
    });

    it('lets promises settle between two timers', async () => {
      clock.timer(20, note('timer'));
      void sleep(clock, 10).then(note('sleeper'));
      await subject.advance(20);
      assert.deepEqual(ran, ['sleeper', 'timer']);
    });

    it('measures what passed', async () => {
      const startMs = clock.monotonicMs();
      const startWallMs = clock.now().getTime();
      await subject.advance(1500);
      assert.equal(clock.monotonicMs() - startMs, 1500);
      assert.equal(clock.now().getTime() - startWallMs, 1500);
    });

    for (const jumpMs of [-1e12, 3_600_000]) {
      it(`moves the wall clock alone when it jumps by ${jumpMs} ms`, async () => {
        const startMs = clock.monotonicMs();
        const startWallMs = clock.now().getTime();
        clock.timer(10, note('a'));
        subject.jump(jumpMs);
        assert.equal(clock.now().getTime() - startWallMs, jumpMs);
        assert.equal(clock.monotonicMs(), startMs);
        await subject.advance(9);
        assert.deepEqual(ran, []);
        await subject.advance(1);
        assert.deepEqual(ran, ['a']);
      });
    }
  });
}

describe('sleep()', () => {
  let clock: FakeClock;

  beforeEach(() => {
    clock = createFakeClock();
  });

  afterEach(() => assert.equal(clock.timers(), 0, 'no timer is left'));

  it('does not begin when it is aborted before', async () => {
    assert.equal(await sleep(clock, 1000, AbortSignal.abort()), 'aborted');
  });

  it('ends early when it is aborted', async () => {
    const controller = new AbortController();
    const sleeping = sleep(clock, 1000, controller.signal);
    await clock.advance(999);
    controller.abort();
    assert.equal(await sleeping, 'aborted');
  });

  it('ends when its time has passed, and leaves no listener on the signal', async () => {
    const { signal } = new AbortController();
    const sleeping = sleep(clock, 1000, signal);
    await clock.advance(1000);
    assert.equal(await sleeping, 'elapsed');
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });
});

describe('withDeadline()', () => {
  let clock: FakeClock;

  beforeEach(() => {
    clock = createFakeClock();
  });

  afterEach(async () => {
    await settle();
    assert.equal(clock.timers(), 0, 'no timer is left');
  });

  it('gives up on work that takes too long', async () => {
    const waiting = withDeadline(clock, 1000, new Promise<never>(() => undefined));
    await clock.advance(1000);
    assert.deepEqual(await waiting, { kind: 'timeout' });
  });

  it('passes on why the work failed', async () => {
    await assert.rejects(withDeadline(clock, 1000, Promise.reject(new Error('broken'))), /broken/);
  });

  it('is not troubled by work that fails after the deadline', async () => {
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const waiting = withDeadline(clock, 1000, work);
    await clock.advance(1000);
    await waiting;
    fail(new Error('too late'));
    await settle(); // an unhandled rejection would end the process here
  });

  it('gives the value of work that ends in time', async () => {
    assert.deepEqual(await withDeadline(clock, 1000, Promise.resolve(7)), { kind: 'done', value: 7 });
  });
});

describe('the clock of the system after its process stood still', () => {
  const standStill = (ms: number): void => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  };

  it('lets input that is already there go first', async () => {
    const clock = createSystemClock();
    const order: string[] = [];
    const late = new Promise<void>((resolve) => {
      clock.timer(10, () => {
        order.push('deadline');
        resolve();
      });
    });
    const reading = stat('/proc/self/stat').then(() => order.push('input'));
    standStill(300);
    await Promise.all([late, reading]);
    assert.deepEqual(order, ['input', 'deadline']);
  });

  it('runs every timer that fell due meanwhile, once, and none that was cancelled', async () => {
    const clock = createSystemClock();
    const ran: string[] = [];
    const last = new Promise<void>((resolve) => {
      clock.timer(10, () => ran.push('a'));
      const cancel = clock.timer(20, () => ran.push('cancelled'));
      clock.timer(15, () => {
        ran.push('b');
        cancel();
      });
      clock.timer(30, resolve);
    });
    standStill(300);
    await last;
    assert.deepEqual(ran, ['a', 'b']);
  });
});
