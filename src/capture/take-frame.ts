// Makes the pipeline's camera out of a driver: one capture at a time, checked, retaken once, over at its deadline.
import { createHash } from 'node:crypto';
import type { Camera, CaptureFailure, CaptureOutcome } from '../domain.ts';
import { isAborted } from '../support/abort.ts';
import { withDeadline, type Clock } from '../support/clock.ts';
import type { JpegCodec } from '../support/jpeg.ts';
import type { CameraSettings } from './camera-settings.ts';
import { checkFrame } from './check-frame.ts';
import { failed, type CaptureLimits, type Driver } from './driver.ts';

export interface CheckedCameraOptions {
  readonly driver: Driver;
  readonly settings: Pick<CameraSettings, 'driver' | 'device' | 'timeoutSeconds' | 'onSuspect'>;
  readonly clock: Clock;
  readonly codec: Pick<JpegCodec, 'inspect'>;
}

/**
 * A capture is over within `timeoutSeconds` and two seconds more, whatever its driver does; while a driver has not come
 * back from an earlier capture, none is started beside it.
 */
export function createCheckedCamera(options: CheckedCameraOptions): Camera {
  const { driver, settings, clock } = options;
  const sameness = isPhysical(settings) ? createSameness() : undefined;
  let closed = false;
  let underway: Underway | undefined;

  async function capture(signal: AbortSignal): Promise<CaptureOutcome> {
    if (underway !== undefined) return underway.late ? stillStuck() : alreadyCapturing();
    if (closed || isAborted(signal)) return calledOff();
    const { stop, release } = stopWith(signal);
    const timeoutMs = settings.timeoutSeconds * 1000;
    const ended = takeFrame({ ...options, sameness }, { signal: stop.signal, deadlineMs: timeoutMs });
    const own = { ended, stop, late: false };
    underway = own;
    const clear = (): void => {
      underway = undefined;
      release();
    };
    ended.then(clear, clear);
    const outcome = await withDeadline(clock, timeoutMs + DRIVER_GRACE_MS, ended);
    if (outcome.kind === 'done') return isAborted(stop.signal) ? calledOff() : outcome.value;
    own.late = true;
    return tooSlow(settings.timeoutSeconds);
  }

  return {
    capture,
    async close() {
      closed = true;
      underway?.stop.abort();
      const ended = underway?.ended ?? Promise.resolve();
      await withDeadline(
        clock,
        DRIVER_GRACE_MS,
        ended.then(() => driver.close?.()),
      );
    },
  };
}

interface Underway {
  readonly ended: Promise<CaptureOutcome>;
  readonly stop: AbortController;
  late: boolean;
}

/** Not AbortSignal.any: in Node 20 each use leaves something behind on the signals it joins, and these live long. */
function stopWith(signal: AbortSignal): { stop: AbortController; release: () => void } {
  const stop = new AbortController();
  const onAbort = (): void => {
    stop.abort();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    stop,
    release: () => {
      signal.removeEventListener('abort', onAbort);
    },
  };
}

/** Drawn pictures and files may be alike; no two exposures of a real sensor are. */
function isPhysical({ driver, device }: { readonly driver: string; readonly device: string }): boolean {
  return (driver === 'node-webcam' || driver === 'stream') && device !== 'TEST';
}

// A driver ends itself at the deadline; killing a helper and seeing it gone takes it up to 1.5 seconds more.
const DRIVER_GRACE_MS = 2000;

type Taking = CheckedCameraOptions & { readonly sameness: Sameness | undefined };

async function takeFrame(options: Taking, limits: CaptureLimits): Promise<CaptureOutcome> {
  const startMs = options.clock.monotonicMs();
  const first = await takeOnce(options, limits);
  if (first.kind === 'failed' || (first.kind === 'captured' && first.frame.suspect === undefined))
    return first;
  const leftMs = limits.deadlineMs - (options.clock.monotonicMs() - startMs);
  const again = { ...limits, deadlineMs: leftMs, warmUp: 'longer' } as const;
  const second = leftMs > 0 && !isAborted(limits.signal) ? await takeOnce(options, again) : first;
  // A suspect frame is still better than none; one that the camera gave before is not.
  const best = second.kind !== 'captured' && first.kind === 'captured' ? first : second;
  if (best.kind === 'same') return frozen();
  return best.kind === 'captured' && options.settings.onSuspect === 'fail' && best.frame.suspect !== undefined
    ? showsNothing(best.frame.suspect)
    : best;
}

async function takeOnce(
  { driver, codec, sameness }: Taking,
  limits: CaptureLimits,
): Promise<CaptureOutcome | { readonly kind: 'same' }> {
  const raw = await driver.capture(limits);
  if (raw.kind === 'failed') return raw;
  const check = await checkFrame(raw.bytes, codec);
  if (check.kind === 'bad') {
    return failed('badFrame', `Cannot use frame: ${check.detail}, a whole JPEG is needed`, BAD_FRAME_REMEDY);
  }
  const { jpeg, widthPx, heightPx, suspect } = check;
  // Black pictures may well be alike: a frame that shows nothing is judged by that alone.
  if (suspect === undefined && sameness?.seenBefore(jpeg) === true) return { kind: 'same' };
  const picture = { jpeg, widthPx, heightPx, capturedAt: raw.capturedAt };
  return { kind: 'captured', frame: suspect === undefined ? picture : { ...picture, suspect } };
}

const BAD_FRAME_REMEDY =
  'Check the USB cable and the power supply, try a smaller camera.widthPx and camera.heightPx';

interface Sameness {
  /** Whether these are the bytes it was asked about last. */
  seenBefore(jpeg: Uint8Array): boolean;
}

function createSameness(): Sameness {
  let last = '';
  return {
    seenBefore(jpeg) {
      const hash = createHash('sha256').update(jpeg).digest('hex');
      const same = hash === last;
      last = hash;
      return same;
    },
  };
}

function frozen(): CaptureFailure {
  return failed(
    'badFrame',
    'Cannot use frame: the camera is frozen, it gave the picture before this one again, also when taken again',
    'Unplug the camera and plug it in again',
  );
}

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
