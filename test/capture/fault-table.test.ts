// Programs that play a broken fswebcam: each capture ends in time with its cause, leaves nothing, and the next one is good.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createCamera,
  type CameraDependencies,
  type CameraSettings,
} from '../../src/capture/create-camera.ts';
import type { Camera, CaptureCause, CaptureOutcome } from '../../src/domain.ts';
import { withDeadline } from '../../src/support/clock.ts';
import { jpegOf, noise, solid } from '../support/jpeg-samples.ts';
import { createBench, never, processesWith, type Bench } from './capture-bench.ts';

interface Fault {
  readonly what: string;
  readonly script: string;
  readonly cause: CaptureCause;
  readonly detail?: RegExp;
  readonly remedy?: RegExp;
  /** Short where the fault lasts until the deadline. */
  readonly timeoutSeconds?: number;
}

const faults: readonly Fault[] = [
  { what: 'hangs', script: '"$nap" 1000', cause: 'timeout', timeoutSeconds: 1 },
  {
    what: 'ignores SIGTERM',
    script: 'trap "" TERM INT HUP\nwhile :; do "$nap" 1000; done',
    cause: 'timeout',
    timeoutSeconds: 1,
  },
  {
    what: 'forks a child that keeps its pipes',
    script: '"$nap" 1000 &\nexit 0',
    cause: 'timeout',
    timeoutSeconds: 1,
  },
  { what: 'forks a child into the background', script: '"$nap" 1000 >/dev/null 2>&1 &', cause: 'badFrame' },
  {
    what: 'forks a child that leaves its session',
    script: 'setsid "$nap" 1000 >/dev/null 2>&1 </dev/null &',
    cause: 'badFrame',
  },
  {
    what: 'leaves the picture to a child that goes on writing it',
    script: `setsid sh -c 'while :; do head -c 700 "$0" > "$1"; done' "$root/good.jpg" "$out" >/dev/null 2>&1 </dev/null & exit 0`,
    cause: 'badFrame',
  },
  { what: 'exits 0 without a picture', script: 'exit 0', cause: 'badFrame', detail: /left no picture/ },
  { what: 'leaves an empty file', script: ': > "$out"', cause: 'badFrame', detail: /left no picture/ },
  {
    what: 'leaves half a picture',
    script: 'head -c 700 "$root/good.jpg" > "$out"',
    cause: 'badFrame',
    detail: /whole JPEG/,
  },
  {
    what: 'leaves a link to an older picture',
    script: 'ln -s "$root/good.jpg" "$out"',
    cause: 'badFrame',
    detail: /link/,
  },
  { what: 'leaves a FIFO', script: 'mkfifo "$out"', cause: 'badFrame' },
  {
    what: 'makes a folder in its place',
    script: 'mkdir "$out"',
    cause: 'badFrame',
    detail: /left what is not a regular file, /,
  },
  {
    what: 'leaves files and folders beside it',
    script: 'mkdir -p "$out.d/e"; : > "$out.1"; : > "$(dirname "$out")/junk.tmp"',
    cause: 'badFrame',
  },
  { what: 'removes the folder of its picture', script: 'rmdir "$(dirname "$out")"', cause: 'badFrame' },
  {
    what: 'ends by a signal without a word',
    script: 'kill -KILL $$',
    cause: 'badFrame',
    detail: /and said: nothing, and was ended by SIGKILL$/,
  },
  {
    what: 'ends with 3 without a word',
    script: 'exit 3',
    cause: 'badFrame',
    detail: /and said: nothing, and ended with 3$/,
  },
  { what: 'leaves no JPEG', script: 'echo "<html>" > "$out"', cause: 'badFrame', detail: /SOI/ },
  {
    what: 'writes a file of 1 GB',
    script: 'head -c 1073741824 /dev/zero > "$out"',
    cause: 'badFrame',
    detail: /a file of 33554944 bytes/,
  },
  {
    what: 'exits 1 without a picture',
    script: 'echo broken >&2; exit 1',
    cause: 'badFrame',
    detail: /and said: broken$/,
  },
  { what: 'crashes', script: 'kill -SEGV $$', cause: 'badFrame' },
  { what: 'kills the helper', script: 'kill -KILL $PPID', cause: 'tool', detail: /helper ended/ },
  {
    what: 'finds its device busy',
    script: 'printf "open: Device or resource busy\\n" >&2',
    cause: 'busy',
    detail: /busy/,
    remedy: /fuser -v TEST /,
  },
  { what: 'may not open its device', script: 'echo "open: Permission denied" >&2', cause: 'permission' },
  {
    what: 'finds no device',
    script: 'printf "\\033[31mstat: No such file or directory\\n\\033[0m" >&2',
    cause: 'noDevice',
    detail: /: stat: No such file or directory$/,
  },
  { what: 'gets no frame', script: 'echo "Timed out waiting for frame!" >&2', cause: 'timeout' },
  {
    what: 'writes 100 MB of errors',
    script: 'head -c 104857600 /dev/zero | tr "\\0" x >&2',
    cause: 'badFrame',
    detail: /and said: more words than can be read$/,
  },
  {
    what: 'writes errors for ever and cannot be told to stop',
    script: 'trap "" TERM PIPE\nwhile :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx >&2; done',
    cause: 'timeout',
    timeoutSeconds: 1,
  },
  { what: 'writes 100 MB of output', script: 'head -c 104857600 /dev/zero | tr "\\0" x', cause: 'badFrame' },
];

describe('the fault table of node-webcam', () => {
  let bench: Bench;
  let camera: Camera;

  beforeEach(async () => {
    bench = createBench();
    writeFileSync(join(bench.root, 'good.jpg'), await jpegOf(noise(64, 48)));
  });

  afterEach(async () => {
    await camera.close();
    assert.deepEqual(processesWith(bench.root), [], 'no process is left');
    assert.deepEqual(bench.pictures(), [], 'no picture is left');
    bench.remove();
  });

  function open(settings: Partial<CameraSettings> = {}): void {
    camera = createCamera({ ...bench.settings, ...settings }, bench.dependencies);
  }

  const plugged = (): NonNullable<CameraDependencies['devices']> => ({
    sysfs: join(bench.root, 'none'),
    dev: '/dev',
    pathKind: () => Promise.resolve('characterDevice' as const),
    canReadAndWrite: () => Promise.resolve(true),
  });

  async function captureInTime(timeoutSeconds: number): Promise<CaptureOutcome> {
    const limitMs = (timeoutSeconds + 2) * 1000;
    const ended = await withDeadline(bench.dependencies.clock, limitMs, camera.capture(never));
    assert.ok(ended.kind === 'done', 'it ends within its time and two seconds');
    return ended.value;
  }

  for (const { what, script, cause, detail, remedy, timeoutSeconds = 10 } of faults) {
    it(`says ${cause} when fswebcam ${what}, and captures again when it is healthy`, async () => {
      open({ timeoutSeconds });
      bench.playFswebcam(script);
      const outcome = await captureInTime(timeoutSeconds);
      assert.equal(outcome.kind, 'failed');
      assert.equal(outcome.cause, cause, outcome.detail);
      assert.match(outcome.detail, detail ?? /./);
      assert.match(outcome.remedy, remedy ?? /^[^\n]+$/);
      rmSync(join(bench.root, 'bin', 'fswebcam'));
      assert.equal((await captureInTime(timeoutSeconds)).kind, 'captured');
    });
  }

  it('says badFrame when a camera cuts its frame short and fswebcam makes a whole picture of it', async () => {
    const settings = { ...bench.settings, device: '/dev/video7' };
    camera = createCamera(settings, { ...bench.dependencies, devices: plugged() });
    const raw = 'while [ "$1" != --dumpframe ]; do shift; done';
    bench.playFswebcam(`${raw}; head -c 700 "$root/good.jpg" > "$2"; cp "$root/good.jpg" "$out"`);
    const outcome = await camera.capture(never);
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'badFrame');
    assert.match(outcome.detail, /cut it short/);
    bench.playFswebcam(`${raw}; cp "$root/good.jpg" "$2"; cp "$root/good.jpg" "$out"`);
    assert.equal((await camera.capture(never)).kind, 'captured');
  });

  it('says badFrame when a camera gives the same picture twice, and captures again when it changes', async () => {
    const settings = { ...bench.settings, device: '/dev/video7' };
    camera = createCamera(settings, { ...bench.dependencies, devices: plugged() });
    bench.playFswebcam('echo "$*" >> "$root/taken"; cp "$root/good.jpg" "$out"');
    assert.equal((await camera.capture(never)).kind, 'captured');
    const outcome = await camera.capture(never);
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'badFrame');
    assert.match(outcome.detail, /frozen/);
    writeFileSync(join(bench.root, 'good.jpg'), await jpegOf(noise(48, 64)));
    assert.equal((await camera.capture(never)).kind, 'captured');
  });

  it('kills what a capture with a good picture left running', async () => {
    open();
    bench.playFswebcam('setsid "$nap" 1000 >/dev/null 2>&1 </dev/null & cp "$root/good.jpg" "$out"');
    assert.equal((await camera.capture(never)).kind, 'captured');
  });

  it('flags a black picture that stays black', async () => {
    open();
    writeFileSync(join(bench.root, 'black.jpg'), await jpegOf(solid(320, 240, [2, 2, 2])));
    bench.playFswebcam('cp "$root/black.jpg" "$out"');
    const outcome = await camera.capture(never);
    assert.ok(outcome.kind === 'captured' && outcome.frame.suspect === 'black');
  });
});
