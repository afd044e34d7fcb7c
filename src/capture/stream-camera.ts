// The stream driver for a camera of this machine: a V4L2 webcam, or a Raspberry Pi camera behind libcamera.
import type { CaptureFailure } from '../domain.ts';
import { hasProgram } from '../support/files.ts';
import type { CameraDependencies, CameraSettings } from './camera-settings.ts';
import type { Driver } from './driver.ts';
import { parentDeathLauncher } from './parent-death.ts';
import { createStreamDriver } from './stream-driver.ts';
import type { AskLimits } from './v4l2-ctl.ts';

export interface StreamCameraOptions extends Pick<
  CameraDependencies,
  'clock' | 'random' | 'startProcess' | 'runProcess' | 'searchPath'
> {
  readonly settings: Pick<
    CameraSettings,
    'device' | 'widthPx' | 'heightPx' | 'skipFrames' | 'keepWarmSeconds'
  >;
  readonly find: (
    limits?: AskLimits,
  ) => Promise<{ readonly kind: 'found'; readonly node: string } | CaptureFailure>;
}

export function createStreamCamera(options: StreamCameraOptions): Driver {
  const { settings, find, searchPath } = options;
  return createStreamDriver({
    ...options,
    hasProgram: (name) => hasProgram(name, searchPath),
    findLauncher: parentDeathLauncher(options),
    findNode: (limits) => findStreamNode({ find: () => find(limits), device: settings.device, searchPath }),
  });
}

/** What `find` finds; with `auto` and no webcam `csi`, where the program for such a camera is installed. */
export async function findStreamNode(options: {
  readonly find: StreamCameraOptions['find'];
  readonly device: string;
  readonly searchPath: string;
}): ReturnType<StreamCameraOptions['find']> {
  const found = await options.find();
  if (found.kind === 'found' || found.cause !== 'noDevice' || options.device !== 'auto') return found;
  // A CSI camera has no V4L2 node that gives pictures: libcamera drives it, and rpicam-vid is its program.
  return (await hasProgram('rpicam-vid', options.searchPath)) ? { kind: 'found', node: 'csi' } : found;
}
