// Joins camera and fit: from a configuration to an image, without a broker. It keeps no picture.
import { cameraFinder, createCamera, type CameraDependencies } from '../capture/create-camera.ts';
import { allowsFolder } from '../capture/node-webcam-call.ts';
import { createV4l2 } from '../capture/v4l2-ctl.ts';
import type { Config } from '../config/schema.ts';
import * as settings from '../config/stage-settings.ts';
import type { Camera, Random } from '../domain.ts';
import { createFit, type Fit } from '../fit/fit-frame.ts';
import type { Clock } from '../support/clock.ts';
import { OperatingError } from '../support/errors.ts';
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
  readonly fit: Fit;
  close(): Promise<void>;
}

/** Looks for the capture device, where the driver has one that could be unplugged. */
export function pictureFinder({
  config,
  machine,
  clock,
  run,
}: Omit<PictureDeps, 'random'>): ReturnType<typeof cameraFinder> {
  const programs = { clock, runProcess: run, searchPath: searchPath(machine) };
  return cameraFinder(settings.cameraSettings(config), { v4l2: createV4l2(programs), ...programs });
}

/** Camera and fit alone, for a command that takes a picture without a broker. */
export async function openPictureStages(deps: PictureDeps): Promise<PictureStages> {
  const { config, machine, clock, random, run, onControlProblems } = deps;
  const codec = createJpegCodec();
  const cameraSettings = settings.cameraSettings(config);
  const folder = await frameFolder(machine, cameraSettings.driver);
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
    fit: createFit({ codec, settings: settings.fitSettings(config) }),
    close: () => camera.close().then(() => folder.remove()),
  };
}

/**
 * systemd's runtime directory is in memory, and goes with the service; elsewhere a private temporary folder has to do,
 * and the next start removes what a killed process left there.
 */
async function frameFolder(
  { env, temporaryFolder, userId }: Machine,
  driver: Config['camera']['driver'],
): Promise<OwnedFolder> {
  // systemd.exec(5): several directories of a unit are named with colons between.
  const [runtimeFolder = ''] = (env['RUNTIME_DIRECTORY'] ?? '').split(':');
  const parent = runtimeFolder === '' ? temporaryFolder : runtimeFolder;
  if (driver === 'node-webcam' && !allowsFolder(parent)) throw unfitFolder(parent);
  await removeAbandonedFolders(parent, userId);
  return makeOwnedFolder(parent);
}

function unfitFolder(parent: string): OperatingError {
  return new OperatingError(
    `Cannot keep frames in ${JSON.stringify(parent)}: fswebcam is given paths of letters, digits and _ . @ + - / only, set TMPDIR to another folder, /tmp for example`,
    { code: 'EINVAL' },
  );
}
