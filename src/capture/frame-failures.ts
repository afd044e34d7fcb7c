// Words the failures that the checks around a driver find; it checks nothing.
import type { CaptureFailure, Suspicion } from '../domain.ts';
import { failed } from './driver.ts';

export function notWhole(detail: string): CaptureFailure {
  return failed('badFrame', `Cannot use frame: ${detail}, a whole JPEG is needed`, BAD_FRAME_REMEDY);
}

export function resized(size: string): CaptureFailure {
  return failed(
    'badFrame',
    `Cannot use frame: it has ${size} pixels, the size of the frames before is needed, also when taken again`,
    BAD_FRAME_REMEDY,
  );
}

export function frozen(): CaptureFailure {
  return failed(
    'badFrame',
    'Cannot use frame: the camera is frozen, it gave the picture before this one again, also when taken again',
    'Unplug the camera and plug it in again',
  );
}

export function showsNothing(suspect: Suspicion): CaptureFailure {
  return failed(
    'badFrame',
    `Cannot use frame: it is ${suspect}, also when taken again`,
    'Uncover the lens, give it light, raise camera.skipFrames, or set camera.onSuspect to publish',
  );
}

export function alreadyCapturing(): CaptureFailure {
  return failed(
    'busy',
    'Cannot capture: a capture is under way, one at a time is allowed',
    'Wait for it to end',
  );
}

export function stillStuck(): CaptureFailure {
  return failed(
    'wedged',
    'Cannot capture: an earlier capture has not come back',
    'Unplug the camera and plug it in again',
  );
}

export function tooSlow(seconds: number): CaptureFailure {
  return failed(
    'timeout',
    `Cannot capture: no picture after ${String(seconds)} s`,
    'Check the camera, or raise camera.timeoutSeconds',
  );
}

export function calledOff(): CaptureFailure {
  return failed('timeout', 'Cannot capture: it was called off before a picture was there', 'None is needed');
}

const BAD_FRAME_REMEDY =
  'Check the USB cable and the power supply, try a smaller camera.widthPx and camera.heightPx';
