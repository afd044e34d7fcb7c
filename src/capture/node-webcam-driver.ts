// Takes one picture with node-webcam and fswebcam in a helper process of its own; the file it leaves is the only proof.
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import type { CaptureFailure, Random } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import { errorMessage } from '../support/errors.ts';
import { makePrivateFolder, readBoundedFile, removeFile } from '../support/files.ts';
import type { RunOutcome, RunProcess } from '../support/run-process.ts';
import type { CameraSettings } from './camera-settings.ts';
import { failed, FRAME_BYTES_MAX, type CaptureLimits, type Driver, type RawOutcome } from './driver.ts';
import {
  causeOfNoPicture,
  helperFailure,
  lastWords,
  toolMissing,
  wedgedCamera,
} from './node-webcam-failures.ts';
import { findDevice, SYSTEM_DEVICES, type DeviceFolders } from './find-device.ts';
import { waitUntilGone } from './leftover-process.ts';
import { parseHelperAnswer, parseWebcamCall, type WebcamCall } from './node-webcam-call.ts';

export interface NodeWebcamOptions {
  readonly settings: Pick<
    CameraSettings,
    'device' | 'widthPx' | 'heightPx' | 'skipFrames' | 'timeoutSeconds'
  >;
  readonly clock: Clock;
  readonly random: Random;
  readonly runProcess: RunProcess;
  readonly nodePath: string;
  readonly searchPath: string;
  readonly privateFolder: string;
  /** The compiled helper; the one beside this file unless a test says otherwise. */
  readonly helperPath?: string;
  readonly devices?: DeviceFolders;
  readonly procFolder?: string;
}

/**
 * fswebcam can hang inside the kernel, write half a file, or say success and write none. So it runs below a helper
 * that is killed with its whole group at the deadline, writes to a name that never existed, and is not started again
 * while an earlier one is still there.
 */
export function createNodeWebcamDriver(options: NodeWebcamOptions): Driver {
  let killedPath: string | undefined;
  return {
    async capture(limits) {
      if (killedPath !== undefined) {
        if (!(await waitUntilGone(killedPath, options))) return wedgedCamera();
        await removeFile(killedPath);
        killedPath = undefined;
      }
      const prepared = await prepareCall(options);
      if (prepared.kind === 'failed') return prepared;
      const { call } = prepared;
      try {
        const outcome = await runHelper(options, call, limits);
        if (outcome.kind !== 'exited' && outcome.kind !== 'missing') killedPath = call.outputPath;
        return await pictureOf(outcome, call, options);
      } finally {
        await removeFile(call.outputPath);
      }
    },
  };
}

async function prepareCall(
  options: NodeWebcamOptions,
): Promise<{ kind: 'call'; call: WebcamCall } | CaptureFailure> {
  const { settings, random, privateFolder } = options;
  const found =
    settings.device === 'TEST'
      ? ({ kind: 'found', node: 'TEST' } as const)
      : await findDevice(settings.device, options.devices ?? SYSTEM_DEVICES);
  if (found.kind === 'failed') return found;
  const outputPath = join(privateFolder, `${random.uuid()}.jpg`);
  const parsed = parseWebcamCall({ ...settings, device: found.node, outputPath });
  if (parsed.kind === 'refused') return helperFailure(parsed.detail);
  try {
    await makePrivateFolder(privateFolder);
  } catch (error) {
    return helperFailure(`Cannot use folder ${privateFolder}: ${errorMessage(error)}`);
  }
  return parsed;
}

function runHelper(options: NodeWebcamOptions, call: WebcamCall, limits: CaptureLimits): Promise<RunOutcome> {
  const helperPath = options.helperPath ?? fileURLToPath(new URL('./node-webcam-helper.js', import.meta.url));
  return options.runProcess({
    file: options.nodePath,
    // The helper reads its call from standard input; the path is here so that the process can be told from others.
    args: [helperPath, call.outputPath],
    // LC_ALL: what fswebcam says is matched as English text.
    env: { PATH: options.searchPath, LC_ALL: 'C' },
    input: `${JSON.stringify(call)}\n`,
    deadlineMs: limits.deadlineMs,
    signal: limits.signal,
  });
}

async function pictureOf(
  outcome: RunOutcome,
  call: WebcamCall,
  options: NodeWebcamOptions,
): Promise<RawOutcome> {
  switch (outcome.kind) {
    case 'exited':
      return readAnswer(outcome, call, options.clock);
    case 'missing':
      return helperFailure(`Cannot start ${options.nodePath}: ${outcome.detail}`);
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

async function readAnswer(
  ended: { readonly code: number | null; readonly stdout: string; readonly stderr: string },
  call: WebcamCall,
  clock: Clock,
): Promise<RawOutcome> {
  // fswebcam writes the picture and ends right after its last frame; nothing later is nearer to the exposure.
  const capturedAt = clock.now();
  const answer = parseHelperAnswer(ended.stdout);
  if (answer === undefined) {
    return helperFailure(
      `Cannot capture: the helper ended with ${String(ended.code)}: ${lastWords(ended.stderr)}`,
    );
  }
  if (answer.kind === 'refused') return helperFailure(answer.detail);
  if (answer.kind === 'toolMissing') return toolMissing();
  const read = await readBoundedFile(call.outputPath, FRAME_BYTES_MAX);
  if (read.kind === 'tooLarge') return causeOfNoPicture(call.device, `a file of ${String(read.bytes)} bytes`);
  if (read.kind !== 'read' || read.bytes.length === 0) return causeOfNoPicture(call.device, answer.said);
  return { kind: 'captured', bytes: read.bytes, capturedAt };
}
