// Joins camera and fit: from a configuration to an image, without a broker. It keeps no picture.
import { cameraFinder, createCamera, type CameraDependencies } from '../capture/create-camera.ts';
import { createV4l2 } from '../capture/v4l2-ctl.ts';
import type { Config } from '../config/schema.ts';
import * as settings from '../config/stage-settings.ts';
import type { Camera, Random } from '../domain.ts';
import { createFit, type Fit } from '../fit/fit-frame.ts';
import type { Clock } from '../support/clock.ts';
import { createJpegCodec } from '../support/jpeg.ts';
import { searchPath, type Machine } from '../support/machine.ts';
import { makeOwnedFolder, removeAbandonedFolders, type OwnedFolder } from '../support/owned-folder.ts';
import { createStartProcess } from '../support/process-group.ts';
import type { RunProcess } from '../support/run-process.ts';

export interface PictureDeps {
  readonly config: Config;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly random: Random;
  readonly run: RunProcess;
  readonly onControlProblems?: CameraDependencies['onControlProblems'];
}

export interface PictureStages {
  readonly camera: Camera;
  /** Looks for the capture device, where the driver has one that could be unplugged. */
  readonly findCamera: ReturnType<typeof cameraFinder>;
  readonly fit: Fit;
  close(): Promise<void>;
}

/** Camera and fit alone, for a command that takes a picture without a broker. */
export async function openPictureStages(deps: PictureDeps): Promise<PictureStages> {
  const { config, machine, clock, random, run, onControlProblems } = deps;
  const codec = createJpegCodec();
  const folder = await frameFolder(machine);
  const cameraSettings = settings.cameraSettings(config);
  const programs = { clock, runProcess: run, searchPath: searchPath(machine) };
  const v4l2 = createV4l2(programs);
  const camera = createCamera(cameraSettings, {
    ...{ random, codec, v4l2, ...programs },
    startProcess: createStartProcess({ clock, kill: machine.kill }),
    nodePath: machine.nodePath,
    privateFolder: folder.path,
    ...(onControlProblems === undefined ? {} : { onControlProblems }),
  });
  return {
    camera,
    findCamera: cameraFinder(cameraSettings, { v4l2, ...programs }),
    fit: createFit({ codec, settings: settings.fitSettings(config) }),
    close: () => camera.close().then(() => folder.remove()),
  };
}

/**
 * systemd's runtime directory is in memory, and goes with the service; elsewhere a private temporary folder has to do,
 * and the next start removes what a killed process left there.
 */
async function frameFolder({ env, temporaryFolder, userId }: Machine): Promise<OwnedFolder> {
  const parent = env['RUNTIME_DIRECTORY'] ?? temporaryFolder;
  await removeAbandonedFolders(parent, userId);
  return makeOwnedFolder(parent);
}
