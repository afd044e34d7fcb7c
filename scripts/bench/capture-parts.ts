// What the measurements of the camera share: its settings, its parts in this process, a capture. It measures nothing.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CameraDependencies, CameraSettings } from '../../src/capture/create-camera.ts';
import { createV4l2 } from '../../src/capture/v4l2-ctl.ts';
import type { Camera, Frame } from '../../src/domain.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createJpegCodec } from '../../src/support/jpeg.ts';
import { createStartProcess } from '../../src/support/process-group.ts';
import { createRandom } from '../../src/support/random.ts';
import { createRunProcess } from '../../src/support/run-process.ts';
import type { Scope } from '../../test/helpers/scope.ts';

export const SETTINGS: CameraSettings = {
  ...{ driver: 'node-webcam', device: 'TEST', widthPx: 1280, heightPx: 720, skipFrames: 20 },
  ...{ timeoutSeconds: 15, keepWarmSeconds: 30, onSuspect: 'publish' },
};

/** In memory where there is such a place, as the service has it; removed with the scope. */
export async function privateFolder(scope: Scope): Promise<string> {
  const parent = await readdir('/dev/shm').then(
    () => '/dev/shm',
    () => tmpdir(),
  );
  const folder = await mkdtemp(join(parent, 'shutterd-bench-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** As `src/app` builds them. Programs are looked for in the PATH of this process. */
export function cameraParts(folder: string): CameraDependencies {
  const clock = createSystemClock();
  const programs = { clock, kill: (pid: number, signal: 'SIGKILL') => process.kill(pid, signal) };
  const runProcess = createRunProcess(programs);
  const searchPath = process.env['PATH'] ?? '/usr/bin:/bin';
  return {
    ...{ clock, random: createRandom(), codec: createJpegCodec(), privateFolder: folder },
    ...{ runProcess, startProcess: createStartProcess(programs) },
    v4l2: createV4l2({ clock, runProcess, searchPath }),
    ...{ nodePath: process.execPath, searchPath },
  };
}

export async function captureOrThrow(camera: Camera): Promise<Frame> {
  const outcome = await camera.capture(new AbortController().signal);
  if (outcome.kind === 'failed') throw new Error(`Cannot measure capture: ${outcome.detail}`);
  return outcome.frame;
}
