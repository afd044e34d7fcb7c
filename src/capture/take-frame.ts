// Makes the pipeline's camera out of a driver: one capture at a time, checked, retaken once, over at its deadline.
import { createHash } from 'node:crypto';
import type { Camera, CaptureOutcome, Suspicion } from '../domain.ts';
import { isAborted } from '../support/abort.ts';
import { withDeadline, type Clock } from '../support/clock.ts';
import type { CameraSettings } from './camera-settings.ts';
import { checkFrame, type FrameCodec } from './check-frame.ts';
import type { CaptureLimits, Driver } from './driver.ts';
import {
  alreadyCapturing,
  calledOff,
  frozen,
  notWhole,
  resized,
  showsNothing,
  stillStuck,
  tooSlow,
} from './frame-failures.ts';

export interface CheckedCameraOptions {
  readonly driver: Driver;
  readonly settings: Pick<CameraSettings, 'driver' | 'device' | 'timeoutSeconds' | 'onSuspect'>;
  readonly clock: Clock;
  readonly codec: FrameCodec;
}

/**
 * A capture is over within `timeoutSeconds` and two seconds more, whatever its driver does; while a driver has not come
 * back from an earlier capture, none is started beside it.
 */
export function createCheckedCamera(options: CheckedCameraOptions): Camera {
  const { driver, settings, clock } = options;
  const past = isPhysical(settings) ? createPast() : undefined;
  let closed = false;
  let underway: Underway | undefined;

  async function capture(signal: AbortSignal): Promise<CaptureOutcome> {
    if (underway !== undefined) return underway.late ? stillStuck() : alreadyCapturing();
    if (closed || isAborted(signal)) return calledOff();
    const { stop, release } = stopWith(signal);
    const timeoutMs = settings.timeoutSeconds * 1000;
    const ended = takeFrame({ ...options, past }, { signal: stop.signal, deadlineMs: timeoutMs });
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

// A driver ends itself at the deadline; killing a helper and seeing it gone takes it up to 1.5 seconds more. The rest of
// the two seconds is for a machine that is busy.
const DRIVER_GRACE_MS = 1800;

type Taking = CheckedCameraOptions & { readonly past: Past | undefined };

type Taken =
  | CaptureOutcome
  | { readonly kind: 'same' | 'resized'; readonly size: string }
  /** Not whole. */
  | { readonly kind: 'bad'; readonly detail: string };

async function takeFrame(options: Taking, limits: CaptureLimits): Promise<CaptureOutcome> {
  const startMs = options.clock.monotonicMs();
  const first = await takeOnce(options, limits);
  if (first.kind === 'failed' || (first.kind === 'captured' && first.frame.suspect === undefined))
    return first;
  const leftMs = limits.deadlineMs - (options.clock.monotonicMs() - startMs);
  const again = { ...limits, deadlineMs: leftMs, warmUp: 'longer' } as const;
  const second = leftMs > 0 && !isAborted(limits.signal) ? await takeOnce(options, again, first) : first;
  // A suspect frame is still better than none; one that the camera gave before is not.
  const best = second.kind !== 'captured' && first.kind === 'captured' ? first : second;
  return outcomeOf(best, options.settings);
}

function outcomeOf(taken: Taken, { onSuspect }: Pick<CameraSettings, 'onSuspect'>): CaptureOutcome {
  switch (taken.kind) {
    case 'failed':
      return taken;
    case 'bad':
      return notWhole(taken.detail);
    case 'same':
      return frozen();
    case 'resized':
      return resized(taken.size);
    case 'captured': {
      const { suspect } = taken.frame;
      return onSuspect === 'fail' && suspect !== undefined ? showsNothing(suspect) : taken;
    }
  }
}

async function takeOnce(
  { driver, codec, past }: Taking,
  limits: CaptureLimits,
  before?: Taken,
): Promise<Taken> {
  const raw = await driver.capture(limits);
  if (raw.kind === 'failed') return raw;
  const check = await checkFrame(raw.bytes, codec, raw.cameraJpeg);
  // A transfer that broke off says nothing about the next one; a file or a snapshot URL would only say the same again.
  if (check.kind === 'bad') return past === undefined ? notWhole(check.detail) : check;
  const { jpeg, widthPx, heightPx, suspect } = check;
  const size = `${String(widthPx)}x${String(heightPx)}`;
  const refusedSize = before?.kind === 'resized' ? before.size : undefined;
  const verdict = past?.judge({ jpeg, size, suspect }, refusedSize) ?? 'new';
  if (verdict !== 'new') return { kind: verdict, size };
  const picture = { jpeg, widthPx, heightPx, capturedAt: raw.capturedAt };
  return { kind: 'captured', frame: suspect === undefined ? picture : { ...picture, suspect } };
}

/** What a physical camera gave before. */
interface Past {
  /** `same`: the bytes of the frame before; `resized`: not of its size, nor of the one that was refused just now. */
  judge(
    frame: { readonly jpeg: Uint8Array; readonly size: string; readonly suspect: Suspicion | undefined },
    refusedSize: string | undefined,
  ): 'new' | 'same' | 'resized';
}

function createPast(): Past {
  let last = '';
  // Of the last good frame: it need not be the requested size, and a camera may change it when it is plugged in anew.
  let granted: string | undefined;
  return {
    judge({ jpeg, size, suspect }, refusedSize) {
      if (granted !== undefined && size !== granted && size !== refusedSize) return 'resized';
      // Black pictures may well be alike: a frame that shows nothing is judged by that alone.
      if (suspect !== undefined) return 'new';
      const hash = createHash('sha256').update(jpeg).digest('hex');
      if (hash === last) return 'same';
      last = hash;
      granted = size;
      return 'new';
    },
  };
}
