// Joins camera and fit: from a configuration to an image, without a broker. It keeps no picture.
import { createCamera } from '../capture/create-camera.ts';
import type { Config } from '../config/schema.ts';
import * as settings from '../config/stage-settings.ts';
import type { Camera, Random } from '../domain.ts';
import { createFit, type Fit } from '../fit/fit-frame.ts';
import type { Clock } from '../support/clock.ts';
import { makeTemporaryFolder } from '../support/files.ts';
import { createJpegCodec } from '../support/jpeg.ts';
import { searchPath, type Machine } from '../support/machine.ts';
import type { RunProcess } from '../support/run-process.ts';

export interface PictureDeps {
  readonly config: Config;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly random: Random;
  readonly run: RunProcess;
}

export interface PictureStages {
  readonly camera: Camera;
  readonly fit: Fit;
  close(): Promise<void>;
}

/** Camera and fit alone, for a command that takes a picture without a broker. */
export async function openPictureStages(deps: PictureDeps): Promise<PictureStages> {
  const { config, machine, clock, random, run } = deps;
  const codec = createJpegCodec();
  const folder = await frameFolder(machine);
  const camera = createCamera(settings.cameraSettings(config), {
    ...{ clock, random, codec, runProcess: run },
    nodePath: machine.nodePath,
    searchPath: searchPath(machine),
    privateFolder: folder.path,
  });
  return {
    camera,
    fit: createFit({ codec, settings: settings.fitSettings(config) }),
    close: () => camera.close().then(folder.remove),
  };
}

/** systemd's runtime directory is in memory; elsewhere a private temporary folder has to do. */
async function frameFolder(machine: Machine): ReturnType<typeof makeTemporaryFolder> {
  return makeTemporaryFolder(machine.env['RUNTIME_DIRECTORY'] ?? machine.temporaryFolder);
}
