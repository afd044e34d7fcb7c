// The picture stages of a device that may be paused: closed while it rests, opened anew for the next capture.
import type { Camera, CaptureOutcome } from '../domain.ts';
import { OperatingError } from '../support/errors.ts';
import type { PictureStages } from './picture.ts';

export interface RestingPicture {
  /** `paused`: a rest began meanwhile, and there is no frame. */
  capture(signal: AbortSignal): Promise<CaptureOutcome | { readonly kind: 'paused' }>;
  /** Calls off the capture in hand and closes the camera. Nothing is opened before the next capture. Harmless twice. */
  rest(): Promise<void>;
  /** As `rest`, for good. */
  close(): Promise<void>;
}

type CameraStages = Pick<PictureStages, 'close'> & { readonly camera: Camera };

/** `first` is open; `open` is called for the first capture after each rest. One capture at a time, as with a camera. */
export function createRestingPicture(first: CameraStages, open: () => Promise<CameraStages>): RestingPicture {
  let current: CameraStages | undefined = first;
  let inHand: AbortController | undefined;
  let underway: Promise<unknown> = Promise.resolve();
  let closing: Promise<void> = Promise.resolve();

  const take = async (stop: AbortController): Promise<CaptureOutcome> => {
    await closing;
    try {
      current ??= await open();
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      return { kind: 'failed', cause: 'tool', detail: error.message, remedy: 'Make room there' };
    }
    return current.camera.capture(stop.signal);
  };

  const rest = (): Promise<void> => {
    inHand?.abort();
    const ended = underway;
    closing = closing.then(async () => {
      const resting = current;
      current = undefined;
      await resting?.close(); // before the capture has ended: closing is what a capture that hangs waits for
      await ended;
    });
    return closing;
  };

  return {
    async capture(signal) {
      const stop = new AbortController();
      const onAbort = (): void => {
        stop.abort();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      inHand = stop;
      try {
        const taking = take(stop);
        underway = taking.catch(() => undefined); // the one who captures hears of it
        const outcome = await taking;
        return stop.signal.aborted && !signal.aborted ? { kind: 'paused' } : outcome;
      } finally {
        inHand = undefined;
        signal.removeEventListener('abort', onAbort);
      }
    },
    rest,
    close: rest,
  };
}
