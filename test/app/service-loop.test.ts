import assert from 'node:assert/strict';
import { createServiceLoop, watchdogMs, type ServiceLoop } from '../../src/app/service-loop.ts';
import type { Notice } from '../../src/support/sd-notify.ts';
import { createStageWatch, type StageWatch } from '../../src/support/stage-watch.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog, type RecordingLog } from '../helpers/recording-log.ts';

interface Bench {
  readonly loop: ServiceLoop;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  readonly watch: StageWatch;
  readonly stop: AbortController;
  readonly told: Notice[];
  line: string;
  pings(): number;
}

function createBench(watchdog: { readonly ms?: number } = { ms: 60_000 }): Bench {
  const clock = createFakeClock();
  const log = createRecordingLog();
  const watch = createStageWatch(clock);
  const told: Notice[] = [];
  const notify = {
    active: true,
    tell: (notice: Notice) => {
      told.push(notice);
    },
    settled: () => Promise.resolve(),
  };
  const bench: Bench = {
    ...{ clock, log, watch, told, stop: new AbortController(), line: 'online, outbox 0' },
    pings: () => told.filter(({ alive }) => alive === true).length,
    loop: createServiceLoop({
      ...{ notify, clock, log, overdue: () => watch.overdue(), watchdogMs: watchdog.ms },
      line: () => bench.line,
    }),
  };
  return bench;
}

describe('createServiceLoop()', () => {
  it('pings four times in each period of the watchdog, and says the line once', async () => {
    const bench = createBench();
    void bench.loop.run(bench.stop.signal);
    await bench.clock.advance(599_999);
    assert.equal(bench.pings(), 40);
    assert.equal(bench.told.filter(({ status }) => status !== undefined).length, 1);
  });

  it('stops to ping while a stage is beyond its deadline and the grace, and says which', async () => {
    const bench = createBench();
    void bench.loop.run(bench.stop.signal);
    const end = bench.watch.begin('capture', 15_000);
    await bench.clock.advance(25_001);
    const before = bench.pings();
    await bench.clock.advance(120_000);
    assert.equal(bench.pings(), before);
    assert.deepEqual(bench.log.summary(), ['error daemon.stuck']);
    const { stage, state, remedy } = bench.log.lines[0]?.fields ?? {};
    assert.deepEqual([stage, state, typeof remedy], ['capture', 'stuck', 'string']);
    end();
    await bench.clock.advance(15_000);
    assert.equal(bench.pings(), before + 1);
    assert.deepEqual(bench.log.summary(), ['error daemon.stuck', 'info daemon.stuck']);
  });

  it('goes on while stages are at work within their time', async () => {
    const bench = createBench();
    void bench.loop.run(bench.stop.signal);
    for (let n = 0; n < 20; n += 1) {
      const end = bench.watch.begin('capture', 15_000);
      await bench.clock.advance(14_000);
      end();
    }
    assert.ok(bench.pings() >= 18, String(bench.pings()));
    assert.deepEqual(bench.log.lines, []);
  });

  it('tells a change within five seconds, and a burst of them as one', async () => {
    const bench = createBench();
    void bench.loop.run(bench.stop.signal);
    await bench.clock.advance(6000);
    bench.line = 'online, outbox 1';
    for (let n = 0; n < 100; n += 1) bench.loop.changed();
    await bench.clock.advance(0);
    bench.line = 'online, outbox 2';
    bench.loop.changed();
    await bench.clock.advance(5000);
    assert.deepEqual(
      bench.told.flatMap(({ status }) => status ?? []),
      ['online, outbox 0', 'online, outbox 1', 'online, outbox 2'],
    );
  });

  it('without a watchdog tells the line alone, once a minute where nothing happens', async () => {
    const bench = createBench({});
    const { stop, loop, clock } = bench;
    void loop.run(stop.signal);
    let n = 0;
    Object.defineProperty(bench, 'line', { get: () => `online, ${String((n += 1))}` });
    await clock.advance(300_000);
    assert.deepEqual([bench.pings(), bench.told.length], [0, 6]);
  });

  it('leaves no timer behind when it ends', async () => {
    const { loop, clock, stop, told } = createBench();
    const ended = loop.run(stop.signal);
    await clock.advance(7000);
    stop.abort();
    await ended;
    const before = told.length;
    loop.changed();
    await clock.advance(60_000);
    assert.deepEqual([clock.timers(), told.length], [0, before]);
  });
});

describe('watchdogMs()', () => {
  const cases: readonly (readonly [string, Record<string, string>, number | undefined])[] = [
    ['none is set', {}, undefined],
    ['it is meant for this process', { WATCHDOG_USEC: '60000000', WATCHDOG_PID: '7' }, 60_000],
    ['it is meant for any', { WATCHDOG_USEC: '2000000' }, 2000],
    ['it is meant for another', { WATCHDOG_USEC: '60000000', WATCHDOG_PID: '8' }, undefined],
    ['it is no number', { WATCHDOG_USEC: 'soon' }, undefined],
    ['it is zero', { WATCHDOG_USEC: '0' }, undefined],
  ];
  for (const [when, env, expected] of cases) {
    it(`gives ${String(expected)} where ${when}`, () => {
      assert.equal(watchdogMs(env, 7), expected);
    });
  }
});
