import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cameraFinder, createCamera, type CameraSettings } from '../../src/capture/create-camera.ts';
import { systemDevices } from '../../src/capture/find-device.ts';
import { createBench, never, type Bench } from './capture-bench.ts';
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

  it('asks a v4l2-ctl that hung neither for the capture nor for the look after it', async () => {
    const program = join(bench.root, 'bin', 'v4l2-ctl');
    writeFileSync(program, `#!/bin/sh\necho >> '${bench.root}/asked'\nexec sleep 1000\n`, { mode: 0o755 });
    tree.plugIn('video0');
    const devices = {
      ...systemDevices(bench.dependencies.v4l2),
      sysfs: tree.folders.sysfs,
      pathKind: () => Promise.resolve('characterDevice' as const),
      canReadAndWrite: () => Promise.resolve(true),
    };
    const dependencies = { ...bench.dependencies, devices };
    const settings = { ...bench.settings, driver: 'stream', device: 'auto', timeoutSeconds: 2 } as const;
    const camera = createCamera(settings, { ...dependencies, searchPath: join(bench.root, 'bin') });
    const outcome = await camera.capture(never);
    await camera.close();
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'tool');
    assert.deepEqual(await cameraFinder(settings, dependencies)?.(), { kind: 'found', node: '/dev/video0' });
    assert.equal(readFileSync(join(bench.root, 'asked'), 'utf8'), '\n');
  });

  it('takes a camera behind libcamera for there where its program is, with driver stream and auto only', async () => {
    writeFileSync(join(bench.root, 'rpicam-vid'), '', { mode: 0o755 });
    assert.deepEqual(await find('stream')?.(), { kind: 'found', node: 'csi' });
    assert.equal((await find('stream', tree.at('video0'))?.())?.kind, 'failed');
    assert.equal((await find('node-webcam')?.())?.kind, 'failed');
  });
});
