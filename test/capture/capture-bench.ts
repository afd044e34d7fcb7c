// What capture tests share: real parts, a temporary folder, and programs that play fswebcam.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CameraDependencies, CameraSettings } from '../../src/capture/create-camera.ts';
import { createV4l2 } from '../../src/capture/v4l2-ctl.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createJpegCodec } from '../../src/support/jpeg.ts';
import { createRandom } from '../../src/support/random.ts';
import { createStartProcess } from '../../src/support/process-group.ts';
import { createRunProcess } from '../../src/support/run-process.ts';

export interface Bench {
  readonly root: string;
  readonly settings: CameraSettings;
  readonly dependencies: CameraDependencies;
  /** Puts a shell script named fswebcam in front of PATH; `$out` is the file it should write, `$nap` a sleep. */
  playFswebcam(script: string, mode?: number): void;
  /** PATH without any fswebcam. */
  hideFswebcam(): CameraDependencies;
  pictures(): readonly string[];
  remove(): void;
}

export function createBench(): Bench {
  const root = mkdtempSync(join(tmpdir(), 'shutterd-capture-'));
  const bin = join(root, 'bin');
  const privateFolder = join(root, 'private');
  mkdirSync(bin);
  symlinkSync('/bin/sleep', join(bin, 'nap'));
  const clock = { ...createSystemClock(), now: () => BENCH_TIME };
  const runProcess = createRunProcess({ clock, kill: (pid, signal) => process.kill(pid, signal) });
  const searchPath = `${bin}:/usr/bin:/bin`;
  const dependencies: CameraDependencies = {
    clock,
    random: createRandom(),
    codec: createJpegCodec(),
    runProcess,
    v4l2: createV4l2({ clock, runProcess, searchPath }),
    startProcess: createStartProcess({ clock, kill: (pid, signal) => process.kill(pid, signal) }),
    nodePath: process.execPath,
    searchPath,
    privateFolder,
  };
  return {
    root,
    dependencies,
    settings: {
      driver: 'node-webcam',
      device: 'TEST',
      widthPx: 320,
      heightPx: 240,
      skipFrames: 2,
      timeoutSeconds: 10,
      keepWarmSeconds: 30,
      onSuspect: 'publish',
    },
    playFswebcam(script, mode = 0o755) {
      const file = join(bin, 'fswebcam');
      const head = `#!/bin/sh\nnap='${join(bin, 'nap')}'\nroot='${root}'\nfor out; do :; done\n`;
      writeFileSync(file, `${head}${script}\n`);
      chmodSync(file, mode);
    },
    hideFswebcam: () => ({ ...dependencies, searchPath: bin }),
    pictures() {
      try {
        return readdirSync(privateFolder);
      } catch {
        return []; // nothing was captured yet
      }
    },
    remove() {
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Ids of the processes that have `text` in their command line or environment: PATH holds the folder of the bench. */
export function processesWith(text: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return ['cmdline', 'environ'].some((file) =>
        readFileSync(join('/proc', pid, file), 'utf8').includes(text),
      );
    } catch {
      return false; // it has just ended
    }
  });
}

/** The wall-clock time of every bench. */
export const BENCH_TIME = new Date('2031-05-06T07:08:09.010Z');

export const never = new AbortController().signal;
