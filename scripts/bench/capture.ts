// What a capture costs above the bare fswebcam call with the same arguments, in turn on the same machine.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createCamera, type CameraDependencies } from '../../src/capture/create-camera.ts';
import { createNodeWebcamDriver } from '../../src/capture/node-webcam-driver.ts';
import { measureCaptureMemory } from './capture-memory.ts';
import { cameraParts, captureOrThrow, privateFolder, SETTINGS } from './capture-parts.ts';
import { percentile, row, timed, type Bench, type Row } from './rows.ts';

const CAPTURES = { quick: 20, full: 100 };
const LIMITS = { signal: new AbortController().signal, deadlineMs: 15_000 };

export async function measureCapture(bench: Bench): Promise<readonly Row[]> {
  return [...(await measureTime(bench)), ...(await measureCaptureMemory(bench))];
}

async function measureTime(bench: Bench): Promise<readonly Row[]> {
  bench.say('capture');
  const dependencies = cameraParts(await privateFolder(bench.scope));
  const driver = createNodeWebcamDriver({ settings: SETTINGS, ...dependencies });
  bench.scope.defer(() => driver.close?.());
  const camera = createCamera(SETTINGS, dependencies);
  bench.scope.defer(() => camera.close());
  const cold = await timed(() => captureOrThrow(camera));
  await driver.capture(LIMITS);
  const bare: number[] = [];
  const drivers: number[] = [];
  const cameras: number[] = [];
  for (let at = 0; at < CAPTURES[bench.rounds]; at += 1) {
    bare.push(await timed(() => runBare(dependencies)));
    drivers.push(await timed(() => driver.capture(LIMITS)));
    cameras.push(await timed(() => captureOrThrow(camera)));
  }
  const against = (values: readonly number[]): number => percentile(values, 50) / percentile(bare, 50);
  return [
    row('bare fswebcam, TEST 1280x720, 20 frames skipped', 'ms', bare),
    row('node-webcam driver, helper warm', 'ms', drivers),
    row('node-webcam capture with its checks', 'ms', cameras),
    row('node-webcam capture that starts the helper', 'ms', [cold]),
    row('node-webcam driver against bare fswebcam', 'times', [against(drivers)]),
    row('node-webcam capture with its checks against bare', 'times', [against(cameras)]),
  ];
}

/** The arguments that the driver gives, without a shell and without any check. */
async function runBare({ privateFolder, searchPath }: CameraDependencies): Promise<void> {
  const { device, widthPx, heightPx, skipFrames } = SETTINGS;
  const path = join(privateFolder, 'bare.jpg');
  const size = `${String(widthPx)}x${String(heightPx)}`;
  const camera = ['-q', '--no-banner', '-d', device, '-r', size, '-S', String(skipFrames)];
  const env = { PATH: searchPath, LC_ALL: 'C' };
  await once(spawn('fswebcam', [...camera, '--jpeg', '95', path], { env, stdio: 'ignore' }), 'exit');
  await readFile(path);
  await rm(path);
}
