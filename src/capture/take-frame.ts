// Makes the pipeline's camera out of a driver: one capture at a time, checked, retaken once, over at its deadline.
import type { Camera, CaptureFailure, CaptureOutcome, Frame } from '../domain.ts';
import { withDeadline, type Clock } from '../support/clock.ts';
import type { JpegCodec } from '../support/jpeg.ts';
import type { CameraSettings } from './camera-settings.ts';
import { checkFrame } from './check-frame.ts';
import { failed, type CaptureLimits, type Driver } from './driver.ts';

export interface CheckedCameraOptions {
  readonly driver: Driver;
  readonly settings: Pick<CameraSettings, 'timeoutSeconds' | 'onSuspect'>;
  readonly clock: Clock;
  readonly codec: Pick<JpegCodec, 'inspect'>;
}

/**
 * A capture is over within `timeoutSeconds` and two seconds more, whatever its driver does; while a driver has not come
 * back from an earlier capture, none is started beside it.
 */
export function createCheckedCamera(options: CheckedCameraOptions): Camera {
  const { settings, clock } = options;
  const closing = new AbortController();
  let underway: { readonly ended: Promise<CaptureOutcome>; late: boolean } | undefined;

  async function capture(signal: AbortSignal): Promise<CaptureOutcome> {
    if (underway !== undefined) return underway.late ? stillStuck() : alreadyCapturing();
    const stop = AbortSignal.any([signal, closing.signal]);
    if (isAborted(stop)) return calledOff();
    const timeoutMs = settings.timeoutSeconds * 1000;
    const ended = takeFrame(options, { signal: stop, deadlineMs: timeoutMs });
    const own = { ended, late: false };
    underway = own;
    const clear = (): void => {
      underway = undefined;
    };
    ended.then(clear, clear);
    const outcome = await withDeadline(clock, timeoutMs + DRIVER_GRACE_MS, ended);
    if (outcome.kind === 'done') return isAborted(stop) ? calledOff() : outcome.value;
    own.late = true;
    return tooSlow(settings.timeoutSeconds);
  }

  return {
    capture,
    async close() {
      closing.abort();
      if (underway !== undefined) await withDeadline(clock, DRIVER_GRACE_MS, underway.ended);
    },
  };
}

// A driver ends itself at the deadline; killing a helper and seeing it gone takes it up to 1.5 seconds more.
const DRIVER_GRACE_MS = 2000;

/** A signal that was not aborted a moment ago may be now; the type checker believes otherwise. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

async function takeFrame(options: CheckedCameraOptions, limits: CaptureLimits): Promise<CaptureOutcome> {
  const startMs = options.clock.monotonicMs();
  const first = await takeOnce(options, limits);
  if (first.kind === 'failed' || first.frame.suspect === undefined) return first;
  const leftMs = limits.deadlineMs - (options.clock.monotonicMs() - startMs);
  const second =
    leftMs > 0 && !limits.signal.aborted ? await takeOnce(options, { ...limits, deadlineMs: leftMs }) : first;
  const best = second.kind === 'failed' ? first : second;
  return options.settings.onSuspect === 'fail' && best.frame.suspect !== undefined
    ? showsNothing(best.frame.suspect)
    : best;
}

async function takeOnce(
  { driver, codec }: CheckedCameraOptions,
  limits: CaptureLimits,
): Promise<{ readonly kind: 'captured'; readonly frame: Frame } | CaptureFailure> {
  const raw = await driver.capture(limits);
  if (raw.kind === 'failed') return raw;
  const check = await checkFrame(raw.bytes, codec);
  if (check.kind === 'bad') {
    return failed('badFrame', `Cannot use frame: ${check.detail}, a whole JPEG is needed`, BAD_FRAME_REMEDY);
  }
  const { jpeg, widthPx, heightPx, suspect } = check;
  const picture = { jpeg, widthPx, heightPx, capturedAt: raw.capturedAt };
  return { kind: 'captured', frame: suspect === undefined ? picture : { ...picture, suspect } };
}

const BAD_FRAME_REMEDY =
  'Check the USB cable and the power supply, try a smaller camera.widthPx and camera.heightPx';

function showsNothing(suspect: 'black' | 'flat'): CaptureFailure {
  return failed(
    'badFrame',
    `Cannot use frame: it is ${suspect}, also when taken again`,
    'Uncover the lens, give it light, raise camera.skipFrames, or set camera.onSuspect to publish',
  );
}

function alreadyCapturing(): CaptureFailure {
  return failed(
    'busy',
    'Cannot capture: a capture is under way, one at a time is allowed',
    'Wait for it to end',
  );
}

function stillStuck(): CaptureFailure {
  return failed(
    'wedged',
    'Cannot capture: an earlier capture has not come back',
    'Unplug the camera and plug it in again',
  );
}

function tooSlow(seconds: number): CaptureFailure {
  return failed(
    'timeout',
    `Cannot capture: no picture after ${String(seconds)} s`,
    'Check the camera, or raise camera.timeoutSeconds',
  );
}

function calledOff(): CaptureFailure {
  return failed('timeout', 'Cannot capture: it was called off before a picture was there', 'None is needed');
}
