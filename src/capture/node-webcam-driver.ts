// Takes one picture with node-webcam and fswebcam in a helper process of its own; the file it leaves is the only proof.
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CaptureFailure } from '../domain.ts';
import { isAborted } from '../support/abort.ts';
import { readBoundedFile, resolveLink } from '../support/files.ts';
import { startsWithSoi } from '../support/jpeg-structure.ts';
import type { CameraSettings } from './camera-settings.ts';
import { failed, FRAME_BYTES_MAX, type CaptureLimits, type Driver, type RawOutcome } from './driver.ts';
import { findDevice, SYSTEM_DEVICES, type DeviceFolders } from './find-device.ts';
import { parseWebcamCall, rawPath, SKIP_FRAMES_MAX, type WebcamCall } from './node-webcam-call.ts';
import {
  causeOfNoPicture,
  causeOfOddFile,
  helperFailure,
  toolMissing,
  wedgedCamera,
} from './node-webcam-failures.ts';
import { createCaptureFolders, type CaptureFolders } from './node-webcam-folders.ts';
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
 * that is killed with its whole group at the deadline, writes into a fresh folder that is removed whole, and is not
 * started again while an earlier one is still there. The camera is open only while fswebcam runs.
 */
export function createNodeWebcamDriver(options: NodeWebcamOptions): Driver {
  const { clock, random, privateFolder } = options;
  const { keepWarmSeconds } = options.settings;
  const helperPath = options.helperPath ?? fileURLToPath(new URL('./node-webcam-helper.js', import.meta.url));
  const keeper = createHelperKeeper({ ...options, helperPath, keepWarmSeconds });
  const folders = createCaptureFolders(privateFolder);
  return {
    async capture(limits) {
      const startMs = clock.monotonicMs();
      const folder = join(privateFolder, random.uuid());
      const prepared = await prepareCall(options, limits, join(folder, PICTURE_NAME));
      if (prepared.kind === 'failed') return prepared;
      const { call } = prepared;
      const made = await makeFolder(folders, folder);
      if (made !== undefined) return made;
      const leftMs = limits.deadlineMs - (clock.monotonicMs() - startMs);
      try {
        // A warm helper would be ended for a call that has no time.
        if (isAborted(limits.signal)) return await pictureOf({ kind: 'aborted' }, call, options);
        if (leftMs <= 0) return await pictureOf({ kind: 'timeout' }, call, options);
        return await pictureOf(await keeper.ask(call, { ...limits, deadlineMs: leftMs }), call, options);
      } finally {
        await folders.remove(folder);
      }
    },
    async close() {
      await keeper.close();
      await folders.removeLeft();
    },
  };
}

// A camera that showed nothing after no warm-up at all needs some: webcams find their light in about half a second.
const LONGER_WARM_UP_FRAMES_MIN = 15;
const PICTURE_NAME = 'picture.jpg';

async function prepareCall(
  { settings, devices = SYSTEM_DEVICES }: NodeWebcamOptions,
  limits: CaptureLimits,
  outputPath: string,
): Promise<{ kind: 'call'; call: WebcamCall } | CaptureFailure> {
  const found =
    settings.device === 'TEST'
      ? ({ kind: 'found', node: 'TEST' } as const)
      : await findDevice(settings.device, devices, limits);
  if (found.kind === 'failed') return found;
  const skipFrames = limits.warmUp === 'longer' ? longerWarmUp(settings.skipFrames) : settings.skipFrames;
  const parsed = parseWebcamCall({ ...settings, skipFrames, device: found.node, outputPath });
  return parsed.kind === 'refused' ? helperFailure(parsed.detail) : parsed;
}

async function makeFolder(folders: CaptureFolders, folder: string): Promise<CaptureFailure | undefined> {
  const made = await folders.make(folder);
  return made.kind === 'failed' ? helperFailure(made.detail) : undefined;
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
  call: WebcamCall,
  { clock }: NodeWebcamOptions,
): Promise<RawOutcome> {
  const { device, outputPath } = call;
  // fswebcam writes the picture and ends right after its last frame; nothing later is nearer to the exposure.
  const capturedAt = clock.now();
  const read = await readBoundedFile(outputPath, FRAME_BYTES_MAX);
  if (read.kind === 'tooLarge') return causeOfOddFile(device, `a file of ${String(read.bytes)} bytes`);
  if (read.kind === 'failed' && read.code !== 'EINVAL')
    return helperFailure(`Cannot read picture: ${read.detail}`);
  if (read.kind === 'failed') return causeOfOddFile(device, `what is ${read.detail}`);
  if (read.kind !== 'read' || read.bytes.length === 0) return causeOfNoPicture(device, said);
  if (await isLink(outputPath)) return causeOfOddFile(device, 'a link');
  const raw = await readBoundedFile(rawPath(call), FRAME_BYTES_MAX);
  // A camera that gives no JPEG but raw pixels has nothing that could be cut unseen.
  const cameraJpeg = raw.kind === 'read' && startsWithSoi(raw.bytes) ? { cameraJpeg: raw.bytes } : {};
  return { kind: 'captured', bytes: read.bytes, capturedAt, ...cameraJpeg };
}

/** A link could lead to an older picture: only a file that stands under the fresh name itself is new. */
async function isLink(path: string): Promise<boolean> {
  const [file, parent] = await Promise.all([resolveLink(path), resolveLink(dirname(path))]);
  return file === undefined || parent === undefined || file !== join(parent, basename(path));
}
