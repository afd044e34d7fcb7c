// Takes one picture with node-webcam and fswebcam in a helper process of its own; the file it leaves is the only proof.
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CaptureFailure } from '../domain.ts';
import { errorMessage } from '../support/errors.ts';
import { makePrivateFolder, readBoundedFile, removeFile, resolveLink } from '../support/files.ts';
import type { CameraSettings } from './camera-settings.ts';
import { failed, FRAME_BYTES_MAX, type CaptureLimits, type Driver, type RawOutcome } from './driver.ts';
import { findDevice, SYSTEM_DEVICES, type DeviceFolders } from './find-device.ts';
import { parseWebcamCall, SKIP_FRAMES_MAX, type WebcamCall } from './node-webcam-call.ts';
import { causeOfNoPicture, helperFailure, toolMissing, wedgedCamera } from './node-webcam-failures.ts';
import { createHelperKeeper, type HelperOutcome } from './node-webcam-keeper.ts';
import type { HelperProcessOptions } from './node-webcam-process.ts';

export interface NodeWebcamOptions extends Omit<HelperProcessOptions, 'helperPath'> {
  readonly settings: Pick<
    CameraSettings,
    'device' | 'widthPx' | 'heightPx' | 'skipFrames' | 'timeoutSeconds' | 'keepWarmSeconds'
  >;
  readonly privateFolder: string;
  /** The compiled helper; the one beside this file unless a test says otherwise. */
  readonly helperPath?: string;
  readonly devices?: DeviceFolders;
  readonly procFolder?: string;
}

/**
 * fswebcam can hang inside the kernel, write half a file, or say success and write none. So it runs below a helper
 * that is killed with its whole group at the deadline, writes to a name that never existed, and is not started again
 * while an earlier one is still there. The camera is open only while fswebcam runs.
 */
export function createNodeWebcamDriver(options: NodeWebcamOptions): Driver {
  const { keepWarmSeconds } = options.settings;
  const helperPath = options.helperPath ?? fileURLToPath(new URL('./node-webcam-helper.js', import.meta.url));
  const keeper = createHelperKeeper({ ...options, helperPath, keepWarmSeconds });
  return {
    async capture(limits) {
      const prepared = await prepareCall(options, limits);
      if (prepared.kind === 'failed') return prepared;
      const { call } = prepared;
      try {
        return await pictureOf(await keeper.ask(call, limits), call, options);
      } finally {
        await removeFile(call.outputPath);
      }
    },
    close: () => keeper.close(),
  };
}

// A camera that showed nothing after no warm-up at all needs some: webcams find their light in about half a second.
const LONGER_WARM_UP_FRAMES_MIN = 15;

async function prepareCall(
  options: NodeWebcamOptions,
  { warmUp }: CaptureLimits,
): Promise<{ kind: 'call'; call: WebcamCall } | CaptureFailure> {
  const { settings, random, privateFolder } = options;
  const found =
    settings.device === 'TEST'
      ? ({ kind: 'found', node: 'TEST' } as const)
      : await findDevice(settings.device, options.devices ?? SYSTEM_DEVICES);
  if (found.kind === 'failed') return found;
  const outputPath = join(privateFolder, `${random.uuid()}.jpg`);
  const skipFrames = warmUp === 'longer' ? longerWarmUp(settings.skipFrames) : settings.skipFrames;
  const parsed = parseWebcamCall({ ...settings, skipFrames, device: found.node, outputPath });
  if (parsed.kind === 'refused') return helperFailure(parsed.detail);
  try {
    await makePrivateFolder(privateFolder);
  } catch (error) {
    return helperFailure(`Cannot use folder ${privateFolder}: ${errorMessage(error)}`);
  }
  return parsed;
}

function longerWarmUp(skipFrames: number): number {
  return Math.min(Math.max(2 * skipFrames, LONGER_WARM_UP_FRAMES_MIN), SKIP_FRAMES_MAX);
}

async function pictureOf(
  outcome: HelperOutcome,
  call: WebcamCall,
  options: NodeWebcamOptions,
): Promise<RawOutcome> {
  switch (outcome.kind) {
    case 'ran':
      return readPicture(outcome.said, call, options);
    case 'toolMissing':
      return toolMissing();
    case 'refused':
    case 'broken':
      return helperFailure(outcome.detail);
    case 'timeout':
      return failed(
        'timeout',
        `Cannot capture from ${call.device}: no picture after ${String(options.settings.timeoutSeconds)} s`,
        'Check the USB cable and the power supply, or raise camera.timeoutSeconds',
      );
    case 'aborted':
      return failed('timeout', `Cannot capture from ${call.device}: it was called off`, 'None is needed');
    case 'wedged':
      return wedgedCamera();
  }
}

async function readPicture(
  said: string,
  { device, outputPath }: WebcamCall,
  { clock, privateFolder }: NodeWebcamOptions,
): Promise<RawOutcome> {
  // fswebcam writes the picture and ends right after its last frame; nothing later is nearer to the exposure.
  const capturedAt = clock.now();
  const read = await readBoundedFile(outputPath, FRAME_BYTES_MAX);
  if (read.kind === 'tooLarge') return causeOfNoPicture(device, `a file of ${String(read.bytes)} bytes`);
  if (read.kind !== 'read' || read.bytes.length === 0) return causeOfNoPicture(device, said);
  if (await isLink(outputPath, privateFolder)) return causeOfNoPicture(device, 'a link in place of a file');
  return { kind: 'captured', bytes: read.bytes, capturedAt };
}

/** A link could lead to an older picture: only a file that stands under the fresh name itself is new. */
async function isLink(path: string, folder: string): Promise<boolean> {
  const [file, parent] = await Promise.all([resolveLink(path), resolveLink(folder)]);
  return file === undefined || parent === undefined || file !== join(parent, basename(path));
}
