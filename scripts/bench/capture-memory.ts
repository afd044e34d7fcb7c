// Whether memory grows with the captures, for each driver in a process of its own that has the environment of the unit.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCamera, type CameraSettings } from '../../src/capture/create-camera.ts';
import { fakeFfmpeg, GENERATED } from '../../test/capture/fake-ffmpeg.ts';
import { startChild } from '../../test/helpers/child.ts';
import { Scope } from '../../test/helpers/scope.ts';
import { unitEnvironment } from '../../test/helpers/unit-environment.ts';
import { cameraParts, captureOrThrow, privateFolder, SETTINGS } from './capture-parts.ts';
import { row, type Bench, type Row } from './rows.ts';

const CAPTURES = { quick: 100, full: 1000 };
const SETTLING_CAPTURES = { quick: 50, full: 300 };
const DRIVERS = ['test', 'file', 'url', 'stream', 'node-webcam'] as const;
const CHILD_MS_MAX = 900_000;

/** Resident megabytes (1,000,000 bytes); what `capture-many` prints last. */
export interface Growth {
  readonly before: number;
  readonly after: number;
}

export async function measureCaptureMemory(bench: Bench): Promise<readonly Row[]> {
  const captures = String(CAPTURES[bench.rounds]);
  const rows: Row[] = [];
  for (const driver of DRIVERS) {
    const { before, after } = await growthOf(driver, bench);
    bench.say(`memory of ${driver}: ${before.toFixed(1)} MB, then ${after.toFixed(1)} MB`);
    rows.push(row(`memory growth over ${captures} captures, ${driver}`, 'MB', [after - before]));
  }
  return rows;
}

async function growthOf(driver: (typeof DRIVERS)[number], { rounds, say }: Bench): Promise<Growth> {
  const scope = new Scope();
  try {
    const folder = await privateFolder(scope);
    const { settings, searchPath = process.env['PATH'] ?? '' } = await playCamera(scope, driver, folder);
    const counts = [String(CAPTURES[rounds]), String(SETTLING_CAPTURES[rounds])];
    const child = startChild(scope, {
      file: process.execPath,
      args: [
        fileURLToPath(new URL('capture-many.js', import.meta.url)),
        ...[folder, ...counts, JSON.stringify(settings)],
      ],
      // With Node's own 16 MB, the young generation grows by some 15 MB over thousands of captures: that looks like a leak.
      env: { PATH: searchPath, ...unitEnvironment() },
    });
    child.lines.onAdded = (line) => {
      say(`memory of ${driver}, ${line}`);
    };
    const killed = setTimeout(() => {
      child.signal('SIGKILL');
    }, CHILD_MS_MAX);
    const { code, signal } = await child.ended;
    clearTimeout(killed);
    if (code === 0) return JSON.parse(child.lines.all.at(-1) ?? '') as Growth;
    const said = child.errors.all.join('\n');
    throw new Error(`Cannot measure memory of ${driver}: it ended with ${String(code ?? signal)}, ${said}`);
  } finally {
    await scope.end();
  }
}

interface PlayedCamera {
  readonly settings: CameraSettings;
  /** Where its program is found, if it needs one of ours. */
  readonly searchPath?: string;
}

/** What each driver looks at; it runs outside the measured process and its programs. */
async function playCamera(
  scope: Scope,
  driver: (typeof DRIVERS)[number],
  folder: string,
): Promise<PlayedCamera> {
  switch (driver) {
    case 'test':
      return { settings: { ...SETTINGS, driver } };
    case 'node-webcam':
      // Warm-up frames are drawn inside fswebcam, which is gone when memory is looked at.
      return { settings: { ...SETTINGS, driver, skipFrames: 1 } };
    case 'file': {
      const path = join(folder, 'picture.jpg');
      await writeFile(path, await drawnPicture(folder));
      return { settings: { ...SETTINGS, driver, path } };
    }
    case 'url':
      return { settings: { ...SETTINGS, driver, url: await serve(scope, await drawnPicture(folder)) } };
    case 'stream': {
      // The real ffmpeg, whose own memory counts, with a generated source in place of a device.
      const program = await fakeFfmpeg(GENERATED.replace('320x240', '1280x720'));
      scope.defer(() => program.remove());
      return { settings: { ...SETTINGS, driver, device: '/dev/video0' }, searchPath: program.searchPath };
    }
  }
}

async function drawnPicture(folder: string): Promise<Uint8Array> {
  const camera = createCamera(SETTINGS, cameraParts(folder));
  try {
    return (await captureOrThrow(camera)).jpeg;
  } finally {
    await camera.close();
  }
}

async function serve(scope: Scope, picture: Uint8Array): Promise<string> {
  const server = createServer((_, response) => response.end(picture));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.defer(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('Cannot serve: there is no port');
  return `http://127.0.0.1:${String(address.port)}/`;
}
