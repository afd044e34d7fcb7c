import assert from 'node:assert/strict';
import { createHostWatch, type HostWatch } from '../../src/status/host-watch.ts';
import { createThrottledReader } from '../../src/status/read-throttled.ts';
import type { RunOptions, RunOutcome } from '../../src/support/run-process.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog, type RecordingLog } from '../helpers/recording-log.ts';

interface Bench {
  bits: number | undefined;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  readonly host: HostWatch;
  readonly stop: AbortController;
}

function createBench(bits: number | undefined): Bench {
  const clock = createFakeClock();
  const log = createRecordingLog();
  const read = (): Promise<number | undefined> => Promise.resolve(bench.bits);
  const host = createHostWatch({ clock, log, read });
  const bench: Bench = { bits, clock, log, host, stop: new AbortController() };
  void host.watch(bench.stop.signal);
  return bench;
}

describe('createHostWatch()', () => {
  it('says under-voltage once when it begins and once when it is over', async () => {
    const bench = createBench(0);
    await bench.clock.advance(20_000);
    bench.bits = 0x10001;
    await bench.clock.advance(300_000);
    assert.equal(bench.host.throttled(), true);
    bench.bits = 0x10000;
    await bench.clock.advance(300_000);
    assert.equal(bench.host.throttled(), false);
    assert.deepEqual(bench.log.summary(), ['warn host.throttled', 'info host.throttled']);
    const { causes, state, remedy, bits } = bench.log.lines[0]?.fields ?? {};
    assert.deepEqual([causes, state, bits], [['underVoltage'], 'began', '0x10001']);
    assert.match(String(remedy), /5\.1 V/);
  });

  it('takes dips less than a minute apart for one state', async () => {
    const bench = createBench(0);
    for (let n = 0; n < 10; n += 1) {
      bench.bits = 0x10001;
      await bench.clock.advance(10_000);
      bench.bits = 0x10000;
      await bench.clock.advance(40_000);
    }
    assert.deepEqual(bench.log.summary(), ['warn host.throttled']);
  });

  it('sees a dip between two looks, and one before the start', async () => {
    const bench = createBench(0x10000);
    await bench.clock.advance(0);
    assert.deepEqual(bench.log.summary(), ['warn host.throttled']);
  });

  it('names what joins in, with the remedy for both', async () => {
    const bench = createBench(0x1);
    await bench.clock.advance(10_000);
    bench.bits = 0xd;
    await bench.clock.advance(10_000);
    const { causes, remedy } = bench.log.lines[1]?.fields ?? {};
    assert.deepEqual(causes, ['underVoltage', 'throttled', 'softTemperatureLimit']);
    assert.match(String(remedy), /power: .*; heat: /);
  });

  it('does not look again on a machine whose firmware says nothing', async () => {
    const bench = createBench(undefined);
    await bench.clock.advance(60_000);
    assert.deepEqual([bench.clock.timers(), bench.log.lines], [0, []]);
  });
});

describe('createThrottledReader()', () => {
  const said = (code: number, stdout: string): RunOutcome => ({ kind: 'exited', code, stdout, stderr: '' });
  const cases: readonly (readonly [string, RunOutcome, number | undefined, number])[] = [
    ['vcgencmd answers', said(0, 'throttled=0x50005\n'), 0x50005, 2],
    ['vcgencmd may not', said(255, 'VCHI initialization failed\n'), undefined, 1],
    ['there is no vcgencmd', { kind: 'missing', detail: 'ENOENT' }, undefined, 1],
    ['vcgencmd hangs', { kind: 'timeout' }, undefined, 1],
  ];
  for (const [when, outcome, bits, runs] of cases) {
    it(`gives ${String(bits)} where there is no file and ${when}`, async () => {
      const calls: RunOptions[] = [];
      const run = (options: RunOptions): Promise<RunOutcome> => {
        calls.push(options);
        return Promise.resolve(outcome);
      };
      const readFile = (): Promise<undefined> => Promise.resolve(undefined);
      const read = createThrottledReader({ run, searchPath: '/usr/bin', readFile });
      assert.deepEqual([await read(), await read(), calls.length], [bits, bits, runs]);
    });
  }
});
