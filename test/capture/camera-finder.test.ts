import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cameraFinder, type CameraSettings } from '../../src/capture/create-camera.ts';
import { createBench, type Bench } from './capture-bench.ts';
import { createDeviceTree, type DeviceTree } from './device-tree.ts';

describe('cameraFinder()', () => {
  let tree: DeviceTree;
  let bench: Bench;

  beforeEach(() => {
    tree = createDeviceTree();
    bench = createBench();
  });

  afterEach(() => {
    tree.remove();
    bench.remove();
  });

  const find = (driver: CameraSettings['driver'], device = 'auto'): ReturnType<typeof cameraFinder> =>
    cameraFinder(
      { driver, device },
      { ...bench.dependencies, searchPath: bench.root, devices: tree.folders },
    );

  it('has nothing to look for where nothing can be unplugged', () => {
    for (const driver of ['url', 'file', 'test'] as const) assert.equal(find(driver), undefined);
    assert.equal(find('node-webcam', 'TEST'), undefined);
  });

  it('finds the webcam anew each time', async () => {
    for (const driver of ['node-webcam', 'stream'] as const) {
      const look = find(driver);
      const absent = await look?.();
      assert.ok(absent?.kind === 'failed' && absent.cause === 'noDevice');
      const node = tree.plugIn('video3');
      assert.deepEqual(await look?.(), { kind: 'found', node });
      tree.unplug('video3');
    }
  });

  it('takes a camera behind libcamera for there where its program is, with driver stream and auto only', async () => {
    writeFileSync(join(bench.root, 'rpicam-vid'), '', { mode: 0o755 });
    assert.deepEqual(await find('stream')?.(), { kind: 'found', node: 'csi' });
    assert.equal((await find('stream', tree.at('video0'))?.())?.kind, 'failed');
    assert.equal((await find('node-webcam')?.())?.kind, 'failed');
  });
});
