// What a capture costs above the bare fswebcam call with the same arguments, in turn on the same machine; and whether memory grows.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCamera, type CameraDependencies } from '../../src/capture/create-camera.ts';
import type { CameraSettings } from '../../src/capture/camera-settings.ts';
import { createNodeWebcamDriver } from '../../src/capture/node-webcam-driver.ts';
import { createV4l2 } from '../../src/capture/v4l2-ctl.ts';
import type { Camera } from '../../src/domain.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createJpegCodec } from '../../src/support/jpeg.ts';
import { createStartProcess } from '../../src/support/process-group.ts';
import { createRandom } from '../../src/support/random.ts';
import { createRunProcess } from '../../src/support/run-process.ts';
import { fakeFfmpeg, scriptedCamera } from '../../test/capture/fake-ffmpeg.ts';
import { percentile, row, timed, type Bench, type Row } from './rows.ts';

const CAPTURES = { quick: 20, full: 100 };
const MEMORY_CAPTURES = { quick: 100, full: 1000 };
// Until then pools fill and code is compiled; what grows afterwards grows for ever.
const SETTLING_CAPTURES = { quick: 50, full: 300 };
// Garbage comes and goes: the lowest of so many looks is what stays.
const LOOKS = 50;

const SETTINGS: CameraSettings = {
  ...{ driver: 'node-webcam', device: 'TEST', widthPx: 1280, heightPx: 720, skipFrames: 20 },
  ...{ timeoutSeconds: 15, keepWarmSeconds: 30, onSuspect: 'publish' },
};
const LIMITS = { signal: new AbortController().signal, deadlineMs: 15_000 };

export async function measureCapture(bench: Bench): Promise<readonly Row[]> {
  const dependencies = await dependenciesIn(bench);
  return [...(await measureTime(bench, dependencies)), ...(await measureGrowth(bench, dependencies))];
}

async function dependenciesIn({ scope }: Bench): Promise<CameraDependencies> {
  const clock = createSystemClock();
  const programs = { clock, kill: (pid: number, signal: 'SIGKILL') => process.kill(pid, signal) };
  // In memory where there is such a place, as the service has it.
  const parent = await readdir('/dev/shm').then(
    () => '/dev/shm',
    () => tmpdir(),
  );
  const privateFolder = await mkdtemp(join(parent, 'shutterd-bench-'));
  scope.defer(() => rm(privateFolder, { recursive: true, force: true }));
  const runProcess = createRunProcess(programs);
  const searchPath = process.env['PATH'] ?? '/usr/bin:/bin';
  return {
    ...{ clock, random: createRandom(), codec: createJpegCodec(), privateFolder },
    ...{ runProcess, startProcess: createStartProcess(programs) },
    v4l2: createV4l2({ clock, runProcess, searchPath }),
    ...{ nodePath: process.execPath, searchPath },
  };
}

async function measureTime(bench: Bench, dependencies: CameraDependencies): Promise<readonly Row[]> {
  bench.say('capture');
  const driver = createNodeWebcamDriver({ settings: SETTINGS, ...dependencies });
  bench.scope.defer(() => driver.close?.());
  const camera = openCamera(bench, SETTINGS, dependencies);
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
  // Before memory is measured: each keeps a helper.
  await Promise.all([driver.close?.(), camera.close()]);
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

function openCamera({ scope }: Bench, settings: CameraSettings, dependencies: CameraDependencies): Camera {
  const camera = createCamera(settings, dependencies);
  scope.defer(() => camera.close());
  return camera;
}

async function captureOrThrow(camera: Camera): Promise<void> {
  const outcome = await camera.capture(LIMITS.signal);
  if (outcome.kind === 'failed') throw new Error(`Cannot measure capture: ${outcome.detail}`);
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

async function measureGrowth(bench: Bench, dependencies: CameraDependencies): Promise<readonly Row[]> {
  const path = join(dependencies.privateFolder, 'picture.jpg');
  const taker = openCamera(bench, SETTINGS, dependencies);
  const picture = await keepPicture(taker, path); // of the cameras that draw none themselves
  await taker.close();
  const cameras: readonly (readonly [CameraSettings, CameraDependencies])[] = [
    // They share this process, whose pools the quickest of them fills best.
    [{ ...SETTINGS, driver: 'test' }, dependencies],
    [{ ...SETTINGS, driver: 'file', path }, dependencies],
    [{ ...SETTINGS, driver: 'url', url: await serve(bench, picture) }, dependencies],
    [
      { ...SETTINGS, driver: 'stream', device: '/dev/video0' },
      await playStream(bench, picture, dependencies),
    ],
    [SETTINGS, dependencies],
  ];
  const rows: Row[] = [];
  for (const [settings, its] of cameras) rows.push(await growthOf(bench, settings, its));
  return rows;
}

async function growthOf(
  bench: Bench,
  settings: CameraSettings,
  dependencies: CameraDependencies,
): Promise<Row> {
  const captures = MEMORY_CAPTURES[bench.rounds];
  bench.say(`memory of ${String(captures)} captures with ${settings.driver}`);
  const camera = openCamera(bench, settings, dependencies);
  for (let at = 0; at < SETTLING_CAPTURES[bench.rounds]; at += 1) await captureOrThrow(camera);
  const before = await lowestResident(camera);
  for (let at = LOOKS; at < captures; at += 1) await captureOrThrow(camera);
  const growth = (await lowestResident(camera)) - before;
  await camera.close();
  return row(`memory growth over ${String(captures)} captures, ${settings.driver}`, 'MB', [growth]);
}

async function serve({ scope }: Bench, picture: Uint8Array): Promise<string> {
  const server = createServer((_, response) => response.end(picture));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.defer(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('Cannot serve: there is no port');
  return `http://127.0.0.1:${String(address.port)}/`;
}

/** A program in place of ffmpeg, and a device that is taken for its camera. */
async function playStream(
  { scope }: Bench,
  jpeg: Uint8Array,
  dependencies: CameraDependencies,
): Promise<CameraDependencies> {
  const program = await fakeFfmpeg(scriptedCamera({ jpeg }));
  scope.defer(() => program.remove());
  const devices = {
    ...{ sysfs: join(dependencies.privateFolder, 'none'), dev: '/dev' },
    pathKind: () => Promise.resolve('characterDevice' as const),
    canReadAndWrite: () => Promise.resolve(true),
  };
  return { ...dependencies, devices, searchPath: program.searchPath };
}

async function lowestResident(camera: Camera): Promise<number> {
  let lowest = Infinity;
  for (let look = 0; look < LOOKS; look += 1) {
    await captureOrThrow(camera);
    lowest = Math.min(lowest, await residentOfAll());
  }
  return lowest;
}

async function keepPicture(camera: Camera, path: string): Promise<Uint8Array> {
  const outcome = await camera.capture(LIMITS.signal);
  if (outcome.kind === 'failed') throw new Error(`Cannot measure capture: ${outcome.detail}`);
  await writeFile(path, outcome.frame.jpeg);
  return outcome.frame.jpeg;
}

/** Resident megabytes (1,000,000 bytes) of this process and of the programs it has started, the helper among them. */
async function residentOfAll(): Promise<number> {
  const children = await readFile(`/proc/self/task/${String(process.pid)}/children`, 'utf8');
  const pids = ['self', ...children.split(' ').filter((pid) => pid !== '')];
  const statuses = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/status`, 'utf8')));
  const kibibytes = statuses.map((status) => Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0));
  return (kibibytes.reduce((sum, value) => sum + value, 0) * 1024) / 1e6;
}
