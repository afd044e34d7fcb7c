// Programs that play a broken ffmpeg: each capture ends in time with its cause, leaves nothing, and the next one is good.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCamera } from '../../src/capture/create-camera.ts';
import type { Camera, CaptureCause, CaptureOutcome } from '../../src/domain.ts';
import { createSystemClock, withDeadline } from '../../src/support/clock.ts';
import { jpegOf, noise } from '../support/jpeg-samples.ts';
import { createBench, never, processesWith, type Bench } from './capture-bench.ts';
import { fakeFfmpeg, scriptedCamera, type FakeProgram } from './fake-ffmpeg.ts';

// What ends by itself is given the time that it takes on a busy machine.
const TIMEOUT_SECONDS = { timeout: 1, otherwise: 10 };

interface Fault {
  readonly what: string;
  readonly script: string;
  readonly cause: CaptureCause;
}

const SOI_AND_SOS = 'printf "\\377\\330\\377\\332\\000\\002"';
const STAMP = 'printf "0, 1000, 1000, 33333, %d, 0x0\\n" "$(wc -c < "$root/good.jpg")" >&3';

const faults: readonly Fault[] = [
  { what: 'hangs', script: 'exec sleep 1000', cause: 'timeout' },
  {
    what: 'ignores SIGTERM',
    script: 'trap "" TERM INT HUP\nwhile :; do sleep 1000; done',
    cause: 'timeout',
  },
  { what: 'exits 0 without output', script: 'exit 0', cause: 'badFrame' },
  { what: 'crashes', script: 'kill -SEGV $$', cause: 'badFrame' },
  {
    what: 'gives one old picture and then nothing',
    script: `cat "$root/good.jpg"; ${STAMP}; exec sleep 1000`,
    cause: 'timeout',
  },
  { what: 'ends after part of a picture', script: 'head -c 700 "$root/good.jpg"', cause: 'badFrame' },
  {
    what: 'hangs after part of a picture',
    script: 'head -c 700 "$root/good.jpg"; exec sleep 1000',
    cause: 'timeout',
  },
  {
    what: 'gives parts of pictures only',
    script: 'while :; do head -c 700 "$root/good.jpg"; sleep 0.03; done',
    cause: 'timeout',
  },
  {
    what: 'writes 100 MB of errors and ends',
    script: 'head -c 104857600 /dev/zero | tr "\\0" x >&2; exit 1',
    cause: 'badFrame',
  },
  {
    what: 'writes errors for ever',
    script: 'trap "" TERM PIPE\nwhile :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx >&2; done',
    cause: 'timeout',
  },
  {
    what: 'leaves a child in a session of its own',
    script: 'setsid sleep 1000 >/dev/null 2>&1 </dev/null 3>&- &\nexit 0',
    cause: 'badFrame',
  },
  {
    what: 'leaves a child in a session of its own with its pipes',
    script: 'setsid sleep 1000 &\nexit 0',
    cause: 'badFrame',
  },
  {
    what: 'hangs beside a child in a session of its own',
    script: 'setsid sh -c "while :; do sleep 1000; done" &\nexec sleep 1000',
    cause: 'timeout',
  },
  {
    what: 'gives 1 GB of zeros',
    script: 'head -c 1073741824 /dev/zero; exec sleep 1000',
    cause: 'timeout',
  },
  {
    what: 'gives 1 GB of one picture without an end',
    script: `${SOI_AND_SOS}; head -c 1073741824 /dev/zero; exec sleep 1000`,
    cause: 'timeout',
  },
  { what: 'gives no JPEG for ever', script: 'exec yes no-picture', cause: 'timeout' },
  {
    what: 'starts pictures for ever',
    script: `exec yes "$(${SOI_AND_SOS} | tr -d '\\0')"`,
    cause: 'timeout',
  },
  {
    what: 'may not be executed',
    script: 'echo "setpriv: failed to execute ffmpeg: Permission denied" >&2; exit 126',
    cause: 'tool',
  },
];

describe('the fault table of stream', () => {
  let bench: Bench;
  let program: FakeProgram;
  let camera: Camera;
  let picture: Uint8Array;

  before(async () => {
    picture = await jpegOf(noise(64, 48));
  });

  beforeEach(() => {
    bench = createBench();
    writeFileSync(join(bench.root, 'good.jpg'), picture);
  });

  afterEach(async () => {
    await camera.close();
    assert.deepEqual(processesWith(program.folder), [], 'no process is left');
    assert.deepEqual(bench.pictures(), [], 'no file is left');
    await program.remove();
    bench.remove();
  });

  async function open(script: string, timeoutSeconds: number): Promise<void> {
    program = await fakeFfmpeg(`#!/bin/sh\nroot='${bench.root}'\n${script}\n`);
    const settings = { driver: 'stream', device: '/dev/video7', timeoutSeconds } as const;
    const devices = {
      sysfs: join(bench.root, 'none'),
      dev: '/dev',
      pathKind: () => Promise.resolve('characterDevice' as const),
      canReadAndWrite: () => Promise.resolve(true),
    };
    camera = createCamera(
      { ...bench.settings, ...settings },
      { ...bench.dependencies, devices, clock: createSystemClock(), searchPath: program.searchPath },
    );
  }

  async function captureInTime(timeoutSeconds: number): Promise<CaptureOutcome> {
    const limitMs = (timeoutSeconds + 2) * 1000;
    const ended = await withDeadline(bench.dependencies.clock, limitMs, camera.capture(never));
    assert.ok(ended.kind === 'done', 'it ends within its time and two seconds');
    return ended.value;
  }

  for (const { what, script, cause } of faults) {
    it(`says ${cause} when ffmpeg ${what}, and captures again when it is healthy`, async () => {
      const timeoutSeconds = cause === 'timeout' ? TIMEOUT_SECONDS.timeout : TIMEOUT_SECONDS.otherwise;
      await open(script, timeoutSeconds);
      const outcome = await captureInTime(timeoutSeconds);
      assert.ok(outcome.kind === 'failed');
      assert.equal(outcome.cause, cause, outcome.detail);
      assert.match(outcome.remedy, /^[^\n]+$/);
      assert.deepEqual(processesWith(program.folder), [], 'no process is left by the failed capture');
      await program.replace(scriptedCamera({ jpeg: picture }));
      const next = await captureInTime(timeoutSeconds);
      assert.equal(next.kind, 'captured', next.kind === 'failed' ? next.detail : '');
    });
  }
});
