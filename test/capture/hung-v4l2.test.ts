// A v4l2-ctl that never answers, beside a camera that does: the picture comes, and the controls are complained of once.
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCamera } from '../../src/capture/create-camera.ts';
import { systemDevices } from '../../src/capture/find-device.ts';
import { jpegOf, noise } from '../support/jpeg-samples.ts';
import { createBench, never, processesWith, type Bench } from './capture-bench.ts';
import { createDeviceTree, type DeviceTree } from './device-tree.ts';

describe('node-webcam beside a v4l2-ctl that hangs', () => {
  let bench: Bench;
  let tree: DeviceTree;

  beforeEach(() => {
    bench = createBench();
    tree = createDeviceTree();
  });

  afterEach(() => {
    assert.deepEqual(processesWith(bench.root), [], 'no process is left');
    bench.remove();
    tree.remove();
  });

  for (const timeoutSeconds of [1, 2]) {
    it(`captures with camera.controls set and ${String(timeoutSeconds)} s for a capture`, async () => {
      const program = join(bench.root, 'bin', 'v4l2-ctl');
      writeFileSync(program, `#!/bin/sh\necho >> '${bench.root}/asked'\nexec sleep 1000\n`);
      chmodSync(program, 0o755);
      bench.playFswebcam('cp "$root/picture-$(cat "$root/turn").jpg" "$out"');
      tree.plugIn('video0');
      const { dependencies, settings } = bench;
      const devices = {
        ...systemDevices(dependencies.v4l2),
        sysfs: tree.folders.sysfs,
        pathKind: () => Promise.resolve('characterDevice' as const),
        canReadAndWrite: () => Promise.resolve(true),
      };
      const told: (readonly string[])[] = [];
      const camera = createCamera(
        { ...settings, device: 'auto', timeoutSeconds, controls: { brightness: 1 } },
        { ...dependencies, devices, onControlProblems: (problems) => told.push(problems) },
      );
      const causes: string[] = [];
      for (const turn of [1, 2, 3]) {
        writeFileSync(join(bench.root, `picture-${String(turn)}.jpg`), await jpegOf(noise(64 + turn, 48)));
        writeFileSync(join(bench.root, 'turn'), String(turn));
        const outcome = await camera.capture(never);
        causes.push(outcome.kind === 'captured' ? 'captured' : outcome.cause);
      }
      await camera.close();
      // The first one gives v4l2-ctl half of its time; on a slow machine a second is then too short for the picture.
      assert.ok(['captured', 'timeout'].includes(causes.shift() ?? ''));
      assert.deepEqual(causes, ['captured', 'captured']);
      assert.equal(told.length, 1);
      assert.match(told[0]?.join() ?? '', /^Cannot set camera.controls: v4l2-ctl did not answer in time/);
    });
  }
});
