import assert from 'node:assert/strict';
import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Driver, RawOutcome } from '../../src/capture/driver.ts';
import { createStreamDriver, type StreamDriverOptions } from '../../src/capture/stream-driver.ts';
import type { AskLimits } from '../../src/capture/v4l2-ctl.ts';
import { createSystemClock, type Clock } from '../../src/support/clock.ts';
import { createStartProcess, type ProcessGroup, type StartOptions } from '../../src/support/process-group.ts';
import { createRandom } from '../../src/support/random.ts';
import { jpegOf, solid } from '../support/jpeg-samples.ts';
import { never, processesWith } from './capture-bench.ts';
import { fakeFfmpeg, scriptedCamera, type FakeProgram } from './fake-ffmpeg.ts';

const clock = createSystemClock();
const start = createStartProcess({ clock, kill: (pid, signal) => process.kill(pid, signal) });
const HANGS = '#!/bin/sh\nexec sleep 1000\n';
const NO_MJPEG = "Cannot find a proper format for codec 'mjpeg' (id 7), pixel format 'none' (id -1)";

describe('createStreamDriver() after a session that was no good', () => {
  let jpeg: Uint8Array;
  let program: FakeProgram;
  let driver: Driver;
  let started: StartOptions[];

  before(async () => {
    jpeg = await jpegOf(solid(32, 16, [10, 120, 200]));
  });
  beforeEach(() => {
    started = [];
  });
  afterEach(async () => {
    await driver.close?.();
    assert.deepEqual(processesWith(program.folder), [], 'no process is left');
    await program.remove();
  });

  async function open(script: string, overrides: Partial<StreamDriverOptions> = {}): Promise<void> {
    program = await fakeFfmpeg(script);
    driver = driverWith(overrides);
  }

  function driverWith(overrides: Partial<StreamDriverOptions>): Driver {
    return createStreamDriver({
      settings: { widthPx: 320, heightPx: 240, skipFrames: 0, keepWarmSeconds: -1 },
      findNode: () => Promise.resolve({ kind: 'found', node: '/dev/video0' }),
      hasProgram: () => Promise.resolve(true),
      findLauncher: () => Promise.resolve([]),
      startProcess: (options) => {
        started.push(options);
        return start(options);
      },
      ...{ clock, random: createRandom(), searchPath: program.searchPath },
      ...overrides,
    });
  }

  async function causeOf(capture: Promise<RawOutcome>): Promise<string> {
    const outcome = await capture;
    return outcome.kind === 'failed' ? outcome.cause : outcome.kind;
  }

  function capture(deadlineMs = 5000): Promise<RawOutcome> {
    return driver.capture({ signal: never, deadlineMs });
  }

  for (const { says, signal, deadlineMs } of [
    { says: 'reached its deadline', signal: never, deadlineMs: 300 },
    { says: 'was called off', signal: AbortSignal.timeout(300), deadlineMs: 5000 },
  ]) {
    it(`leaves no program after a capture that ${says}, and captures when the camera is healthy`, async () => {
      await open(HANGS);
      assert.equal(await causeOf(driver.capture({ signal, deadlineMs })), 'timeout');
      assert.deepEqual(processesWith(program.folder), []);
      await program.replace(scriptedCamera({ jpeg }));
      assert.equal(await causeOf(capture()), 'captured');
      assert.equal(started.length, 2, 'nothing started by itself');
    });
  }

  it('says how long a capture waited that ended at its deadline', async () => {
    await open(HANGS);
    const outcome = await capture(200);
    assert.ok(outcome.kind === 'failed');
    assert.match(outcome.detail, /no fresh frame within 0\.[2-9] s/);
  });

  for (const { says, cause } of [
    { says: '/dev/video0: Device or resource busy', cause: 'busy' },
    { says: '/dev/video0: Input/output error', cause: 'badFrame' },
    { says: '/dev/video0: No such device', cause: 'noDevice' },
  ]) {
    it(`says ${cause} and why where each stream ends after 5 frames with "${says}"`, async () => {
      await open(scriptedCamera({ jpeg, frames: 5, then: { say: says } }), {
        settings: { widthPx: 320, heightPx: 240, skipFrames: 20, keepWarmSeconds: -1 },
      });
      const outcome = await capture(1000);
      assert.ok(outcome.kind === 'failed');
      assert.equal(outcome.cause, cause, outcome.detail);
      assert.ok(outcome.detail.includes(says), outcome.detail);
      // What was so before is no news of a stream that hangs now.
      await program.replace(HANGS);
      assert.equal(await causeOf(capture(300)), 'timeout');
    });
  }

  it('leaves who waits to their own deadline when the session before hangs', async () => {
    const quick = quickTimers([5000]);
    await open(HANGS, { clock: quick.clock });
    const waiting = capture(20_000);
    await quick.waitFor(5000); // the session is given up when no frame came for so long
    await program.replace(scriptedCamera({ jpeg }));
    quick.fire(5000);
    assert.equal(await causeOf(waiting), 'captured');
    assert.equal(started.length, 2);
  });

  it('waits longer each time before it opens a camera again that gives one frame and ends', async () => {
    const byHandMs = [250, 500, 2000, 4000, 8000, 10_000]; // a wait of 1000 ms is not the driver's alone
    const quick = quickTimers(byHandMs);
    await open(scriptedCamera({ jpeg, frames: 1, then: { say: 'gone' } }), { clock: quick.clock });
    assert.equal(await causeOf(capture()), 'captured');
    for (const delayMs of [...byHandMs, 10_000]) {
      await quick.waitFor(delayMs);
      quick.fire(delayMs);
    }
    assert.equal(started.length, 8, 'once for the capture, then once a delay');
  });

  it('kills a child that left the session of its program', async () => {
    await open('#!/bin/sh\nsetsid sleep 1000 >/dev/null 2>&1 </dev/null &\nexit 0\n');
    assert.equal(await causeOf(capture()), 'badFrame');
    assert.deepEqual(processesWith(program.folder), []);
  });

  it('says tool where its launcher is not there', async () => {
    await open(HANGS, { findLauncher: () => Promise.resolve(['no-such-launcher']) });
    assert.equal(await causeOf(capture()), 'tool');
  });

  it('says tool where ffmpeg may not be executed', async () => {
    await open(HANGS, {
      findLauncher: () => Promise.resolve(['/usr/bin/setpriv', '--pdeathsig', 'KILL']),
      startProcess: (options) => start({ ...options, env: { ...options.env, PATH: program.folder } }),
    });
    chmodSync(join(program.folder, 'ffmpeg'), 0o644);
    assert.equal(await causeOf(capture()), 'tool');
  });

  it('asks for MJPEG again after other failures, and after each opening', async () => {
    await open('#!/bin/sh\necho "/dev/video0: Invalid data found when processing input" >&2; exit 1\n');
    assert.equal(await causeOf(capture()), 'badFrame');
    assert.equal(await causeOf(capture()), 'badFrame');
    await program.replace(`#!/bin/sh\necho "${NO_MJPEG}" >&2; exit 1\n`);
    assert.equal(await causeOf(capture()), 'badFrame');
    await program.replace(scriptedCamera({ jpeg }));
    assert.equal(await causeOf(capture()), 'captured');
    const asked = started.map(({ args }) => (args.includes('copy') ? 'camera' : 'encode'));
    assert.deepEqual(asked, ['camera', 'camera', 'camera', 'encode', 'camera']);
  });

  it('captures again where the machine does not list its processes: that the program itself is gone has to do', async () => {
    await open(HANGS);
    const procFolder = join(program.folder, 'proc');
    symlinkSync(procFolder, procFolder); // leads nowhere: ELOOP
    await driver.close?.();
    driver = driverWith({ procFolder });
    assert.equal(await causeOf(capture(100)), 'timeout');
    await program.replace(scriptedCamera({ jpeg }));
    assert.equal(await causeOf(capture()), 'captured');
  });

  it('gives whoever looks for the node what the capture has left, and its signal', async () => {
    const asked: AskLimits[] = [];
    await open(scriptedCamera({ jpeg }), {
      findNode: (limits) => {
        asked.push(limits);
        return Promise.resolve({ kind: 'found', node: '/dev/video0' });
      },
    });
    assert.equal(await causeOf(capture(4000)), 'captured');
    const [limits] = asked;
    assert.ok(limits !== undefined && limits.deadlineMs > 0 && limits.deadlineMs <= 4000);
    assert.deepEqual([asked.length, limits.signal], [1, never]);
  });

  it('starts no second program while the first cannot be killed, and captures when it is gone', async () => {
    const stuck = stuckProgram();
    let starts = 0;
    await open(scriptedCamera({ jpeg }), {
      startProcess: (options) => {
        starts += 1;
        return starts === 1 ? stuck.group : start(options);
      },
    });
    for (let turn = 0; turn < 3; turn += 1) assert.equal(await causeOf(capture(100)), 'wedged');
    assert.equal(starts, 1);
    stuck.leave();
    await new Promise(setImmediate);
    assert.equal(await causeOf(capture()), 'captured');
    assert.equal(starts, 2);
  });
});

/** A program in uninterruptible sleep: SIGKILL does nothing until it wakes. */
function stuckProgram(): { readonly group: ProcessGroup; readonly leave: () => void } {
  let leave = (): void => undefined;
  const ended = new Promise<{ readonly kind: 'exited'; readonly code: null }>((resolve) => {
    leave = () => {
      resolve({ kind: 'exited', code: null });
    };
  });
  const silent = (): Readable => new Readable({ read: () => undefined });
  const group: ProcessGroup = {
    ...{ pid: undefined, stdin: undefined, stdout: silent(), stderr: silent(), pipes: [silent()] },
    ...{ ended, closed: ended.then(() => undefined) },
    kill: () => Promise.resolve('wedged'),
    killStray: () => undefined,
  };
  return {
    group,
    leave: () => {
      leave();
    },
  };
}

interface QuickTimers {
  readonly clock: Clock;
  /** Until a timer of so many milliseconds is set. */
  waitFor(ms: number): Promise<void>;
  /** Rings the timer of so many milliseconds now. */
  fire(ms: number): void;
}

/** A real clock whose timers of these lengths ring by hand. */
function quickTimers(byHandMs: readonly number[]): QuickTimers {
  const set = new Map<number, () => void>();
  let told = (): void => undefined;
  return {
    clock: {
      ...clock,
      timer(ms, action) {
        if (!byHandMs.includes(ms)) return clock.timer(ms, action);
        set.set(ms, action);
        told();
        return () => {
          if (set.get(ms) === action) set.delete(ms);
        };
      },
    },
    async waitFor(ms) {
      while (!set.has(ms)) {
        await new Promise<void>((resolve) => {
          told = resolve;
        });
      }
    },
    fire(ms) {
      const action = set.get(ms);
      set.delete(ms);
      action?.();
    },
  };
}
