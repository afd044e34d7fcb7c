import assert from 'node:assert/strict';
import { createStreamDriver, type StreamDriverOptions } from '../../src/capture/stream-driver.ts';
import type { Driver, RawOutcome } from '../../src/capture/driver.ts';
import { failed } from '../../src/capture/driver.ts';
import { readJpegStructure } from '../../src/support/jpeg-structure.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createStartProcess, type ProcessGroup } from '../../src/support/process-group.ts';
import { createRandom } from '../../src/support/random.ts';
import { jpegOf, solid } from '../support/jpeg-samples.ts';
import { exposureOf, fakeFfmpeg, GENERATED, scriptedCamera, type FakeProgram } from './fake-ffmpeg.ts';

const clock = createSystemClock();

describe('createStreamDriver()', () => {
  let jpeg: Uint8Array;
  let program: FakeProgram;
  let driver: Driver | undefined;
  let started: ProcessGroup[] = [];

  before(async () => {
    jpeg = await jpegOf(solid(32, 16, [10, 120, 200]));
  });
  beforeEach(() => {
    started = [];
  });
  afterEach(async () => {
    await driver?.close?.();
    driver = undefined;
    for (const group of started) await group.ended; // every program is gone once the driver is closed
    await program.remove();
  });

  async function stream(
    script: string,
    settings: Partial<StreamDriverOptions['settings']> = {},
    overrides: Partial<StreamDriverOptions> = {},
  ): Promise<Driver> {
    program = await fakeFfmpeg(script);
    const start = createStartProcess({ clock, kill: (pid, signal) => process.kill(pid, signal) });
    driver = createStreamDriver({
      settings: {
        widthPx: 320,
        heightPx: 240,
        skipFrames: 0,
        keepWarmSeconds: -1,
        ...settings,
      },
      findNode: () => Promise.resolve({ kind: 'found', node: '/dev/video0' }),
      hasProgram: () => Promise.resolve(true),
      findLauncher: () => Promise.resolve([]),
      startProcess: (options) => {
        const group = start(options);
        started.push(group);
        return group;
      },
      clock,
      random: createRandom(),
      searchPath: program.searchPath,
      ...overrides,
    });
    return driver;
  }

  async function capture(from: Driver, deadlineMs = 8000): Promise<RawOutcome> {
    return from.capture({ signal: new AbortController().signal, deadlineMs });
  }

  function cause(outcome: RawOutcome): string {
    return outcome.kind === 'failed' ? outcome.cause : outcome.kind;
  }

  const failures: readonly { says: string; script: string; cause: string }[] = [
    {
      says: 'busy',
      script: '#!/bin/sh\necho "/dev/video0: Device or resource busy" >&2; exit 1\n',
      cause: 'busy',
    },
    {
      says: 'a lost device',
      script: '#!/bin/sh\necho "/dev/video0: No such device" >&2; exit 1\n',
      cause: 'noDevice',
    },
    {
      says: 'no right',
      script: '#!/bin/sh\necho "/dev/video0: Permission denied" >&2; exit 1\n',
      cause: 'permission',
    },
    { says: 'an end without a word', script: '#!/bin/sh\nexit 0\n', cause: 'badFrame' },
    {
      says: '100 MB of errors',
      script: '#!/bin/sh\nhead -c 100000000 /dev/zero >&2; exit 1\n',
      cause: 'badFrame',
    },
  ];
  for (const { says, script, cause: expected } of failures) {
    it(`fails with ${expected} for ${says}, and works when the camera does`, async () => {
      const from = await stream(script, { keepWarmSeconds: 0 });
      assert.equal(cause(await capture(from)), expected);
      for (const group of started) await group.ended;
      await program.replace(scriptedCamera({ jpeg }));
      assert.equal(cause(await capture(from)), 'captured');
    });
  }

  it('fails with tool where ffmpeg is missing', async () => {
    const from = await stream(GENERATED, {}, { hasProgram: () => Promise.resolve(false) });
    assert.equal(cause(await capture(from)), 'tool');
    assert.equal(started.length, 0);
  });

  it('fails with noDevice where there is no camera, and starts nothing', async () => {
    const from = await stream(
      GENERATED,
      {},
      { findNode: () => Promise.resolve(failed('noDevice', 'gone', 'plug it in')) },
    );
    assert.equal(cause(await capture(from)), 'noDevice');
    assert.equal(started.length, 0);
  });

  for (const [says, script] of [
    ['hangs', '#!/bin/sh\nexec sleep 1000\n'],
    ['ignores SIGTERM and forks', '#!/bin/sh\ntrap "" TERM\nsleep 1000 &\nwhile :; do sleep 1000; done\n'],
    ['gives garbage', '#!/bin/sh\nexec cat /dev/zero\n'],
  ] as const) {
    it(`ends at the deadline with timeout where ffmpeg ${says}`, async () => {
      const from = await stream(script);
      assert.equal(cause(await capture(from, 400)), 'timeout');
    });
  }

  it('gives whole pictures of a real stream, each exposed after it was asked for', async () => {
    const from = await stream(GENERATED);
    for (let turn = 0; turn < 10; turn += 1) {
      const askedMs = Date.now();
      const outcome = await capture(from);
      assert.ok(outcome.kind === 'captured');
      assert.equal(readJpegStructure(outcome.bytes).kind, 'complete');
      assert.ok(outcome.capturedAt.getTime() >= askedMs);
    }
    assert.equal(started.length, 1, 'one program serves them all');
  });

  it('never gives a frame that was exposed before it was asked for, however late frames come', async () => {
    const from = await stream(scriptedCamera({ jpeg, latencyMs: 150 }));
    for (let turn = 0; turn < 8; turn += 1) {
      const askedMs = Date.now();
      const outcome = await capture(from);
      assert.ok(outcome.kind === 'captured');
      assert.ok(exposureOf(outcome.bytes) >= askedMs);
      assert.ok(Math.abs(outcome.capturedAt.getTime() - exposureOf(outcome.bytes)) <= 2);
    }
  });

  for (const { says, script } of [
    { says: 'without stamps', script: { stamped: false } },
    { says: 'with stamps from before a clock jump', script: { stampOffsetMs: -3_600_000 } },
    { says: 'with stamps of the future', script: { stampOffsetMs: 3000 } },
    ...[1, 2, 3, 4].map((seconds) => ({
      says: `with stamps ${String(seconds)} s behind`,
      script: { stampOffsetMs: -1000 * seconds },
    })),
  ]) {
    it(`leaves out the frames that may be in flight ${says}`, async () => {
      const from = await stream(scriptedCamera({ jpeg, latencyMs: 20, ...script }));
      for (let turn = 0; turn < 5; turn += 1) {
        const askedMs = Date.now();
        const outcome = await capture(from);
        assert.ok(outcome.kind === 'captured' && exposureOf(outcome.bytes) >= askedMs);
      }
    });
  }

  it('passes over the warm-up frames after opening, and only then', async () => {
    const from = await stream(scriptedCamera({ jpeg }), { skipFrames: 15 });
    const opened = Date.now();
    const first = await capture(from);
    assert.ok(first.kind === 'captured' && exposureOf(first.bytes) - opened >= 14 * 33);
    const asked = Date.now();
    const second = await capture(from);
    assert.ok(second.kind === 'captured' && exposureOf(second.bytes) - asked < 14 * 33);
  });

  it('opens the camera anew when the stream breaks off or stalls', async () => {
    const gone = await stream(scriptedCamera({ jpeg, frames: 3, then: { say: 'No such device' } }));
    for (let turn = 0; turn < 4; turn += 1) assert.equal(cause(await capture(gone)), 'captured');
    assert.ok(started.length > 1);
    await gone.close?.();
    await program.remove();
    started = [];
    const frozen = await stream(scriptedCamera({ jpeg, frames: 1, then: 'freeze' }));
    for (let turn = 0; turn < 2; turn += 1) assert.equal(cause(await capture(frozen)), 'captured');
    assert.equal(started.length, 2);
  });

  it('takes raw pictures and encodes them where the camera has no MJPEG', async () => {
    const camera = scriptedCamera({ jpeg }).replace(
      "const fs = require('node:fs');",
      `const fs = require('node:fs');
if (process.argv.includes('copy')) { fs.writeSync(2, 'Cannot find a proper format for codec mjpeg'); process.exit(1); }`,
    );
    const from = await stream(camera);
    assert.equal(cause(await capture(from)), 'captured');
    assert.equal(started.length, 2);
  });

  it('closes the camera keepWarmSeconds after the last capture', async () => {
    const from = await stream(scriptedCamera({ jpeg }), { keepWarmSeconds: 0 });
    for (let turn = 1; turn <= 2; turn += 1) {
      assert.equal(cause(await capture(from)), 'captured');
      assert.equal(started.length, turn);
      await started.at(-1)?.ended;
    }
  });

  it('gives up a capture that is called off, and leaves no program behind when closed', async () => {
    const from = await stream('#!/bin/sh\nexec sleep 1000\n');
    const stop = new AbortController();
    const waiting = from.capture({ signal: stop.signal, deadlineMs: 8000 });
    stop.abort();
    assert.equal((await waiting).kind, 'failed');
    await from.close?.();
    for (const group of started) assert.equal((await group.ended).kind, 'exited');
  });
});
