// What a driver is to the rest of the capture stage: bytes and a time, or a failure. It judges no picture.
import type { CaptureCause, CaptureFailure } from '../domain.ts';

export type RawOutcome =
  | {
      readonly kind: 'captured';
      readonly bytes: Uint8Array;
      /** Wall-clock time of the exposure, as well as the driver can know it. */
      readonly capturedAt: Date;
      /** The camera's own JPEG with what followed it in its buffer, where `bytes` were encoded from that. */
      readonly cameraJpeg?: Uint8Array;
    }
  | CaptureFailure;

export interface CaptureLimits {
  readonly signal: AbortSignal;
  /** Milliseconds from now at which the capture has to be over. */
  readonly deadlineMs: number;
  /** `longer`: the picture before this one was no good; the camera gets more frames to find its light. */
  readonly warmUp?: 'longer';
}

/** One way to get bytes from one camera; called for one capture at a time. */
export interface Driver {
  capture(limits: CaptureLimits): Promise<RawOutcome>;
  /** Ends what the driver keeps between captures, where it keeps something; harmless twice. */
  close?(): Promise<void>;
}

/** More than any camera here gives for one picture; what is larger is refused before it is read. */
export const FRAME_BYTES_MAX = 32 * 1024 * 1024;

export function failed(cause: CaptureCause, detail: string, remedy: string): CaptureFailure {
  return { kind: 'failed', cause, detail, remedy };
}
