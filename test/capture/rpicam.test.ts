// A program in place of rpicam-vid that behaves as its documentation says: MJPEG on standard output, words on standard error.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCamera } from '../../src/capture/create-camera.ts';
import type { Camera, CaptureCause } from '../../src/domain.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { jpegOf, noise } from '../support/jpeg-samples.ts';
import { createBench, never, processesWith, type Bench } from './capture-bench.ts';
import { createDeviceTree, type DeviceTree } from './device-tree.ts';
import { exposureOf, scriptedCamera } from './fake-ffmpeg.ts';

const clock = createSystemClock();

describe('stream from a camera behind libcamera', () => {
  let bench: Bench;
  let tree: DeviceTree;
  let camera: Camera;

  beforeEach(() => {
    bench = createBench();
    tree = createDeviceTree();
  });

  afterEach(async () => {
    await camera.close();
    assert.deepEqual(processesWith(bench.root), [], 'no process is left');
    tree.remove();
    bench.remove();
  });

  function open(script: string, timeoutSeconds = 5): void {
    const program = join(bench.root, 'bin', 'rpicam-vid');
    writeFileSync(program, script);
    chmodSync(program, 0o755);
    const settings = { ...bench.settings, driver: 'stream', device: 'auto', timeoutSeconds } as const;
    const searchPath = `${bench.dependencies.searchPath}:${process.env['PATH'] ?? ''}`;
    camera = createCamera(settings, { ...bench.dependencies, clock, searchPath, devices: tree.folders });
  }

  const says = (words: string): string => `#!/bin/sh\necho "${words}" >&2\nexit 255\n`;
  const faults: readonly { what: string; script: string; cause: CaptureCause; remedy?: RegExp }[] = [
    { what: 'has no camera', script: says('ERROR: *** no cameras available ***'), cause: 'noDevice' },
    {
      what: 'finds its camera in use',
      script: says('ERROR: *** failed to acquire camera /base/soc/i2c0mux/i2c@1/imx708@1a ***'),
      cause: 'busy',
      remedy: /^End the other program that uses the camera$/,
    },
    {
      what: 'may not open it',
      script: says('ERROR: *** failed to open /dev/dma_heap: Permission denied ***'),
      cause: 'permission',
    },
    { what: 'ends without a picture', script: '#!/bin/sh\nexit 0\n', cause: 'badFrame' },
    { what: 'hangs', script: '#!/bin/sh\nexec sleep 1000\n', cause: 'timeout' },
  ];
  for (const { what, script, cause, remedy = /./ } of faults) {
    it(`says ${cause} where rpicam-vid ${what}`, async () => {
      open(script, 1);
      const outcome = await camera.capture(never);
      assert.ok(outcome.kind === 'failed');
      assert.equal(outcome.cause, cause, outcome.detail);
      assert.match(outcome.remedy, remedy);
    });
  }

  it('says noDevice where neither a webcam nor the program is there', async () => {
    open('');
    rmSync(join(bench.root, 'bin', 'rpicam-vid'));
    const outcome = await camera.capture(never);
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'noDevice');
  });

  it('asks for an endless MJPEG stream and takes a picture that was exposed after the trigger', async () => {
    const stream = scriptedCamera({ jpeg: await jpegOf(noise(64, 48)), stamped: false, latencyMs: 30 });
    const note = `require('node:fs').writeFileSync('${bench.root}/arguments', process.argv.slice(2).join(' '));`;
    open(stream.replace('\n', `\n${note}\n`));
    for (let turn = 0; turn < 3; turn += 1) {
      const askedMs = Date.now();
      const outcome = await camera.capture(never);
      assert.ok(outcome.kind === 'captured');
      assert.ok(exposureOf(outcome.frame.jpeg) >= askedMs);
    }
    const given = readFileSync(join(bench.root, 'arguments'), 'utf8');
    for (const words of ['--codec mjpeg', '--timeout 0', '--width 320', '--height 240', '--output -']) {
      assert.ok(given.includes(words), words);
    }
  });
});
