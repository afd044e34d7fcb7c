import assert from 'node:assert/strict';
import type { RunOptions, RunOutcome } from '../../src/support/run-process.ts';
import { createSdNotify, type SdNotify } from '../../src/support/sd-notify.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog, type RecordingLog } from '../helpers/recording-log.ts';

const WELL: RunOutcome = { kind: 'exited', code: 0, stdout: '', stderr: '' };

interface Bench {
  readonly notify: SdNotify;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  readonly calls: RunOptions[];
  /** The arguments of each call. */
  readonly said: () => readonly (readonly string[])[];
  /** Ends the oldest call that is under way. */
  readonly answer: (outcome?: RunOutcome) => Promise<void>;
}

function createBench(env: Readonly<Record<string, string>> = { NOTIFY_SOCKET: '/run/notify' }): Bench {
  const clock = createFakeClock();
  const log = createRecordingLog();
  const calls: RunOptions[] = [];
  const waiting: ((outcome: RunOutcome) => void)[] = [];
  const run = (options: RunOptions): Promise<RunOutcome> => {
    calls.push(options);
    return new Promise((resolve) => waiting.push(resolve));
  };
  const notify = createSdNotify({
    ...{ env, searchPath: '/usr/bin', run, clock, log: () => log },
    monotonicMicroseconds: () => 42n,
  });
  const answer = async (outcome = WELL): Promise<void> => {
    waiting.shift()?.(outcome);
    await settle();
  };
  return { notify, clock, log, calls, said: () => calls.map(({ args }) => args), answer };
}

describe('createSdNotify()', () => {
  it('does nothing where nobody listens', async () => {
    const { notify, calls } = createBench({});
    notify.tell({ state: 'READY', status: 'online', alive: true });
    await notify.settled();
    assert.deepEqual([notify.active, calls], [false, []]);
  });

  it('gives the program the socket, a path to be found on, a deadline, and nothing else of ours', () => {
    const { notify, calls } = createBench({ NOTIFY_SOCKET: '@abstract', SECRET: 'x' });
    notify.tell({ state: 'READY', status: 'online, outbox 0' });
    const [call] = calls;
    assert.deepEqual(call?.args, ['READY=1', 'STATUS=online, outbox 0']);
    assert.deepEqual(call.env, { PATH: '/usr/bin', LC_ALL: 'C', NOTIFY_SOCKET: '@abstract' });
    assert.deepEqual([call.file, call.deadlineMs > 5000], ['systemd-notify', true]);
  });

  it('has one call under way, and joins what is told meanwhile: the last status, one ping', async () => {
    const { notify, said, answer } = createBench();
    notify.tell({ alive: true });
    notify.tell({ status: 'offline' });
    notify.tell({ status: 'online', alive: true });
    notify.tell({ alive: true });
    assert.deepEqual(said(), [['WATCHDOG=1']]);
    await answer();
    await answer();
    assert.deepEqual(said(), [['WATCHDOG=1'], ['STATUS=online', 'WATCHDOG=1']]);
  });

  it('says reloading and ready in two messages, in this order, with the stamp of the reload', async () => {
    const { notify, said, answer } = createBench();
    notify.tell({ status: 'busy' });
    notify.tell({ state: 'RELOADING' });
    notify.tell({ state: 'READY' });
    for (let n = 0; n < 3; n += 1) await answer();
    assert.deepEqual(said(), [['STATUS=busy'], ['RELOADING=1', 'MONOTONIC_USEC=42'], ['READY=1']]);
  });

  it('leaves out what a later state has made pointless', async () => {
    const { notify, said, answer } = createBench();
    notify.tell({ status: 'busy' });
    for (let n = 0; n < 50; n += 1) {
      notify.tell({ state: 'RELOADING' });
      notify.tell({ state: 'READY' });
    }
    notify.tell({ state: 'STOPPING' });
    for (let n = 0; n < 3; n += 1) await answer();
    assert.deepEqual(said(), [['STATUS=busy'], ['STOPPING=1']]);
  });

  it('keeps a status to one line', () => {
    const { notify, said } = createBench();
    notify.tell({ status: `offline\nREADY=1 ${'x'.repeat(1000)}` });
    const text = said()[0]?.[0] ?? '';
    assert.ok(text.startsWith('STATUS=offline\\u000aREADY=1 x') && text.length < 400, text);
  });

  const failures: readonly (readonly [RunOutcome, RegExp])[] = [
    [{ kind: 'missing', detail: 'ENOENT: spawn systemd-notify' }, /ENOENT/],
    [{ kind: 'timeout' }, /did not end within 8000 ms/],
    [{ kind: 'wedged' }, /did not end/],
    [
      { kind: 'exited', code: 1, stdout: '', stderr: 'Failed to notify\n' },
      /^systemd-notify: Failed to notify$/,
    ],
    [{ kind: 'exited', code: 3, stdout: '', stderr: '' }, /exit code 3/],
  ];
  for (const [outcome, detail] of failures) {
    it(`says once that it fails (${outcome.kind}), and once that it works again`, async () => {
      const { notify, log, answer } = createBench();
      for (const next of [outcome, outcome, WELL, WELL]) {
        notify.tell({ alive: true });
        await answer(next);
      }
      assert.deepEqual(log.summary(), ['error daemon.notify', 'info daemon.notify']);
      assert.match(String(log.lines[0]?.fields['detail']), detail);
      assert.match(String(log.lines[0]?.fields['remedy']), /NotifyAccess=all/);
    });
  }

  it('says READY again until it is heard, for without it the start is over; a ping it does not repeat', async () => {
    const { notify, clock, said, answer } = createBench();
    notify.tell({ state: 'READY', alive: true });
    await answer({ kind: 'timeout' });
    await clock.advance(4999);
    assert.equal(said().length, 1);
    await clock.advance(1);
    await answer();
    assert.deepEqual(said(), [['READY=1', 'WATCHDOG=1'], ['READY=1']]);
    await notify.settled();
    assert.equal(clock.timers(), 0);
  });

  it('says STOPPING once: the end comes either way', async () => {
    const { notify, said, answer } = createBench();
    notify.tell({ state: 'STOPPING' });
    await answer({ kind: 'timeout' });
    await notify.settled();
    assert.deepEqual(said(), [['STOPPING=1']]);
  });
});
