// The options of the capture stage and what it needs from outside; it checks and decides nothing.
import type { Random } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import type { JpegCodec } from '../support/jpeg.ts';
import type { StartProcess } from '../support/process-group.ts';
import type { RunProcess } from '../support/run-process.ts';
import type { DeviceFolders } from './find-device.ts';
import type { V4l2 } from './v4l2-ctl.ts';

export interface CameraSettings {
  readonly driver: 'node-webcam' | 'stream' | 'url' | 'file' | 'test';
  /** `auto`, `/dev/videoN`, a link below `/dev/v4l/by-id/` or `/dev/v4l/by-path/`, or `TEST` (node-webcam). */
  readonly device: string;
  /** Requested frame size. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Warm-up frames. */
  readonly skipFrames: number;
  /** One capture, retake included. */
  readonly timeoutSeconds: number;
  /** How long what a driver keeps between captures stays: the stream, the capture helper. -1 for ever, 0 not at all. */
  readonly keepWarmSeconds: number;
  /** V4L2 controls by name, set before each capture. */
  readonly controls?: Readonly<Record<string, number>>;
  /** For `url`: where a snapshot is fetched, http or https, without user name and password. */
  readonly url?: string;
  /** For `file`: a JPEG or a folder of them. For `url`: the file with `user:password`. */
  readonly path?: string;
  readonly onSuspect: 'publish' | 'fail';
}

export interface CameraDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly codec: JpegCodec;
  readonly runProcess: RunProcess;
  readonly startProcess: StartProcess;
  /** One for all that asks about devices: it remembers which of them hung. */
  readonly v4l2: V4l2;
  /** The Node program that runs the capture helper (`process.execPath`). */
  readonly nodePath: string;
  /** `PATH` of the programs we run: where fswebcam, ffmpeg and rpicam-vid are looked for. */
  readonly searchPath: string;
  /** Where the helper writes its picture, in memory best; made with mode 0700 and only files of ours in it are touched. */
  readonly privateFolder: string;
  /** The compiled capture helper; the one beside the driver unless given. */
  readonly helperPath?: string;
  /** Where capture devices are; the machine's unless given. */
  readonly devices?: DeviceFolders;
  /** Told when the list of controls that cannot be set has changed; empty: all are set. */
  readonly onControlProblems?: (problems: readonly string[]) => void;
}
