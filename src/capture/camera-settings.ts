// The options of the capture stage and what it needs from outside; it checks and decides nothing.
import type { Random } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import type { JpegCodec } from '../support/jpeg.ts';
import type { RunProcess } from '../support/run-process.ts';

export interface CameraSettings {
  readonly driver: 'node-webcam' | 'file' | 'test';
  /** `auto`, `/dev/videoN`, a link below `/dev/v4l/by-id/` or `/dev/v4l/by-path/`, or `TEST` (node-webcam). */
  readonly device: string;
  /** Requested frame size. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Warm-up frames. */
  readonly skipFrames: number;
  /** One capture, retake included. */
  readonly timeoutSeconds: number;
  /** For `file`: a JPEG or a folder of them. */
  readonly path?: string;
  readonly onSuspect: 'publish' | 'fail';
}

export interface CameraDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly codec: JpegCodec;
  readonly runProcess: RunProcess;
  /** The Node program that runs the capture helper (`process.execPath`). */
  readonly nodePath: string;
  /** `PATH` of the capture helper: where fswebcam is looked for. */
  readonly searchPath: string;
  /** Where the helper writes its picture, in memory best; made with mode 0700 and only files of ours in it are touched. */
  readonly privateFolder: string;
  /** The compiled capture helper; the one beside the driver unless given. */
  readonly helperPath?: string;
}
