// Whether the clock is synchronised, as timedatectl tells it; where systemd-timesyncd has left its flag, it always is.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createClockSync, type ClockSync } from '../../src/support/clock-sync.ts';
import type { RunOptions, RunOutcome } from '../../src/support/run-process.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';

const FLAGGED = existsSync('/run/systemd/timesync/synchronized');

describe('createClockSync()', () => {
  let clock: FakeClock;
  let runs: RunOptions[];

  beforeEach(() => {
    clock = createFakeClock();
    runs = [];
  });

  function create(outcomeOf: () => RunOutcome): ClockSync {
    return createClockSync({
      clock,
      run: (options) => {
        runs.push(options);
        return Promise.resolve(outcomeOf());
      },
      searchPath: '/usr/bin',
    });
  }

  const said = (stdout: string, code = 0): RunOutcome => ({ kind: 'exited', code, stdout, stderr: '' });

  const cases: readonly { what: string; outcome: RunOutcome; synchronised: boolean }[] = [
    { what: 'timedatectl is missing', outcome: { kind: 'missing', detail: 'ENOENT' }, synchronised: false },
    { what: 'timedatectl hangs', outcome: { kind: 'timeout' }, synchronised: false },
    { what: 'timedatectl fails', outcome: said('', 1), synchronised: false },
    { what: 'timedatectl says no', outcome: said('no\n'), synchronised: false },
    { what: 'timedatectl says yes', outcome: said('yes\n'), synchronised: true },
  ];
  for (const { what, outcome, synchronised } of cases) {
    it(`says ${synchronised ? 'yes' : 'no'} where ${what}`, async () => {
      const sync = create(() => outcome);
      assert.equal(sync.synchronised(), false, 'nothing is known before the first look');
      await sync.look();
      assert.equal(sync.synchronised(), synchronised || FLAGGED);
    });
  }

  it('asks with a deadline and in a language of its own', async () => {
    await create(() => said('yes\n')).look();
    for (const { file, deadlineMs, env } of runs) {
      assert.deepEqual([file, env], ['timedatectl', { PATH: '/usr/bin', LC_ALL: 'C' }]);
      assert.ok(deadlineMs <= 10_000);
    }
    assert.equal(runs.length, FLAGGED ? 0 : 1);
  });

  it('notices within a minute that the clock has become right, and stops when it is told to', async () => {
    let answer = said('no\n');
    const sync = create(() => answer);
    const controller = new AbortController();
    const watching = sync.watch(controller.signal);
    await clock.advance(60_000);
    answer = said('yes\n');
    while (!sync.synchronised()) {
      await clock.advance(60_000);
      await settle();
    }
    controller.abort();
    await watching;
    assert.equal(clock.timers(), 0);
  });

  it('notices within 5 s for somebody who waits, and lets go at an abort', async () => {
    let answer = said('no\n');
    const sync = create(() => answer);
    const stopping = new AbortController();
    const waiting = sync.untilSynchronised(stopping.signal);
    await clock.advance(5000);
    assert.equal(sync.synchronised(), FLAGGED);
    answer = said('yes\n');
    while (!sync.synchronised()) {
      await clock.advance(5000);
      await settle();
    }
    await waiting;
    await sync.untilSynchronised(stopping.signal);
    answer = said('no\n');
    const another = create(() => answer).untilSynchronised(stopping.signal);
    stopping.abort();
    await another;
    assert.equal(clock.timers(), 0);
  });
});
