// Joins the pictures of a stream with the times the camera gave them; keeps a few that wait for their other half.
import { createMjpegSplitter } from './mjpeg-splitter.ts';

export interface StreamFrame {
  readonly bytes: Uint8Array;
  /** Wall-clock milliseconds of the exposure, as the driver stamped it; absent where the stream has no stamps. */
  readonly exposedAtMs?: number;
}

export interface StreamFrames {
  /** Bytes of the picture stream; the frames that are complete with them. */
  picture(chunk: Uint8Array): readonly StreamFrame[];
  /** Bytes of the stamp stream: ffmpeg's framecrc lines, one a picture, `stream, dts, pts, duration, size, checksum`. */
  stamp(chunk: Uint8Array): readonly StreamFrame[];
}

interface Stamp {
  readonly bytes: number;
  readonly exposedAtMs: number;
}

// Both halves come from one process within a millisecond or two; a picture that is alone for longer has no stamp.
const ALONE_MAX = 2;
const LINE_CHARACTERS_MAX = 256;

/** `stamped`: the stream comes with stamps. */
export function createStreamFrames(options: {
  readonly maxBytes: number;
  readonly stamped: boolean;
}): StreamFrames {
  const splitter = createMjpegSplitter(options);
  let pictures: Uint8Array[] = [];
  let stamps: Stamp[] = [];
  let ticksPerMs = MICROSECOND_TICKS_PER_MS;
  let rest = '';

  const joined = (): readonly StreamFrame[] => {
    const frames: StreamFrame[] = [];
    while (pictures.length > 0) {
      const [bytes, ...later] = pictures;
      if (bytes === undefined) break;
      const at = stamps.findIndex((stamp) => stamp.bytes === bytes.length);
      if (at < 0 && later.length < ALONE_MAX) break;
      const stamp = stamps[at];
      stamps = stamps.slice(at + 1);
      pictures = later;
      frames.push(stamp === undefined ? { bytes } : { bytes, exposedAtMs: stamp.exposedAtMs });
    }
    return frames;
  };

  return {
    picture(chunk) {
      const found = splitter.push(chunk);
      if (!options.stamped) return found.map((bytes) => ({ bytes }));
      pictures.push(...found);
      return joined();
    },
    stamp(chunk) {
      const lines = (rest + Buffer.from(chunk).toString('latin1')).split('\n');
      rest = (lines.pop() ?? '').slice(0, LINE_CHARACTERS_MAX);
      for (const line of lines) {
        ticksPerMs = ticksOf(line) ?? ticksPerMs;
        stamps.push(...stampOf(line, ticksPerMs));
      }
      stamps = stamps.slice(-STAMPS_MAX);
      return joined();
    },
  };
}

const STAMPS_MAX = 64;
const MICROSECOND_TICKS_PER_MS = 1000; // V4L2 stamps its buffers in microseconds

/** The line that names the time base, in seconds: `#tb 0: 1/1000000`. */
function ticksOf(line: string): number | undefined {
  const [, perSecond] = /^#tb 0: 1\/(\d{1,9})\s*$/.exec(line) ?? [];
  return perSecond === undefined ? undefined : Number(perSecond) / 1000;
}

function stampOf(line: string, ticksPerMs: number): readonly Stamp[] {
  const [, pts, bytes] = /^\s*0,\s*-?\d+,\s*(\d+),\s*\d+,\s*(\d+),/.exec(line) ?? [];
  return pts === undefined ? [] : [{ exposedAtMs: Number(pts) / ticksPerMs, bytes: Number(bytes) }];
}
