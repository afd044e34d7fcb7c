// What the driver and its helper say to each other, and the one fswebcam command line. Pure: nothing is run here.
import { FRAME_BYTES_MAX } from './driver.ts';

export interface WebcamCall {
  /** `TEST` or `/dev/videoN`. */
  readonly device: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly skipFrames: number;
  /** Where fswebcam writes: absolute, and a name that did not exist before. */
  readonly outputPath: string;
}

export type ParsedCall =
  | { readonly kind: 'call'; readonly call: WebcamCall }
  | { readonly kind: 'refused'; readonly detail: string };

/** A line to the helper: a number of our own, which its answer repeats, and the call. */
export interface HelperRequest {
  readonly id: number;
  readonly parsed: ParsedCall;
}

export type HelperAnswer =
  /** fswebcam was run; whether there is a picture only the file can say, because fswebcam exits 0 whatever happens. */
  | { readonly kind: 'ran'; readonly said: string }
  | { readonly kind: 'toolMissing' }
  | { readonly kind: 'refused'; readonly detail: string };

/** Every value has to match a closed pattern, on both sides of the pipe: no other one comes near a command line. */
export function parseWebcamCall(value: unknown): ParsedCall {
  if (typeof value !== 'object' || value === null)
    return { kind: 'refused', detail: 'Cannot read call: no object' };
  const fields: Partial<Record<keyof WebcamCall, unknown>> = value;
  const { device, widthPx, heightPx, skipFrames, outputPath } = fields;
  if (!matches(device, DEVICE)) return refused('device', device, 'TEST or /dev/videoN is allowed');
  if (!isWhole(widthPx, 1, SIDE_PX_MAX)) return refused('widthPx', widthPx, SIDE_ALLOWED);
  if (!isWhole(heightPx, 1, SIDE_PX_MAX)) return refused('heightPx', heightPx, SIDE_ALLOWED);
  if (!isWhole(skipFrames, 0, SKIP_FRAMES_MAX)) {
    return refused('skipFrames', skipFrames, `a whole number 0..${String(SKIP_FRAMES_MAX)} is allowed`);
  }
  if (!matches(outputPath, OUTPUT_PATH) || outputPath.includes('..')) {
    return refused(
      'outputPath',
      outputPath,
      'an absolute path of letters, digits and _ . @ + - that ends in .jpg is allowed',
    );
  }
  return { kind: 'call', call: { device, widthPx, heightPx, skipFrames, outputPath } };
}

/** Whether `outputPath` may lie in a folder of this name. */
export function allowsFolder(folder: string): boolean {
  return matches(`${folder}/${LONGEST_BELOW}.jpg`, OUTPUT_PATH) && !folder.includes('..');
}

/** `undefined` for what carries no id: there is nobody to answer. */
export function parseHelperRequest(line: string): HelperRequest | undefined {
  const value = parseJson(line);
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, call }: { id?: unknown; call?: unknown } = value;
  return isWhole(id, 1, Number.MAX_SAFE_INTEGER) ? { id, parsed: parseWebcamCall(call) } : undefined;
}

/** `undefined` for anything but one line that the helper would write. */
export function parseHelperAnswer(
  line: string,
): { readonly id: number; readonly answer: HelperAnswer } | undefined {
  const value = parseJson(line);
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, answer }: { id?: unknown; answer?: unknown } = value;
  if (!isWhole(id, 1, Number.MAX_SAFE_INTEGER) || typeof answer !== 'object' || answer === null)
    return undefined;
  const { kind, said, detail }: { kind?: unknown; said?: unknown; detail?: unknown } = answer;
  if (kind === 'ran' && typeof said === 'string') return { id, answer: { kind, said } };
  if (kind === 'toolMissing') return { id, answer: { kind } };
  return kind === 'refused' && typeof detail === 'string' ? { id, answer: { kind, detail } } : undefined;
}

/**
 * For a POSIX shell, because node-webcam hands it to one; every argument is quoted although none would need it. The
 * shell bounds the file, so that no fault fills a file system in memory, writes no core file, and then is fswebcam.
 */
export function fswebcamCommand(program: string, call: WebcamCall): string {
  const { device, widthPx, heightPx, skipFrames, outputPath } = call;
  const size = `${String(widthPx)}x${String(heightPx)}`;
  // -q leaves errors only; delay (-D) is no substitute for -S, it waits before the camera streams.
  const options = ['-q', '--no-banner', '-d', device, '-r', size, '-S', String(skipFrames)];
  const output = ['--jpeg', String(FSWEBCAM_QUALITY), outputPath];
  const command = [program, ...options, ...rawFrame(call), ...output].map(quoted).join(' ');
  // Where a lower limit holds already the shell may not raise it and says so; that limit will do.
  return `ulimit -c 0 2>/dev/null; ulimit -f ${String(FILE_BLOCKS_MAX)} 2>/dev/null; exec ${command}`;
}

/** Where fswebcam leaves the frame as the camera gave it; it draws none for TEST. */
export function rawPath({ outputPath }: Pick<WebcamCall, 'outputPath'>): string {
  return outputPath.replace(/\.jpg$/, '.raw');
}

/** The value of a JSON text, or `undefined` where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // whoever asked names what is wrong with the value
  }
}

/** More would keep the camera streaming for over half a minute. */
export const SKIP_FRAMES_MAX = 1000;

/** Of one line in; the longest path and numbers come to a quarter of it. */
export const CALL_CHARACTERS_MAX = 4096;
/** The end of what fswebcam wrote: its last line names the fault. */
export const SAID_CHARACTERS_MAX = 2000;

/** The environment entry that the helper passes on to whatever it starts; its value is another one for each helper. */
export const HELPER_MARK_NAME = 'SHUTTERD_CAPTURE_HELPER';

/** fswebcam(1): 0..95; above that libjpeg writes much larger files that look the same. */
export const FSWEBCAM_QUALITY = 95;

const DEVICE = /^(?:TEST|\/dev\/video\d{1,3})$/;
// No %: fswebcam runs the path through strftime.
const OUTPUT_PATH = /^\/[A-Za-z0-9_./@+-]{1,400}\.jpg$/;
// A folder of ours, one of a capture, and the picture: names of a fixed length.
const LONGEST_BELOW = 'x'.repeat(100);
// In blocks of 512 bytes (POSIX, ulimit). One more than a frame may have, so that a cut file is too large to be taken.
const FILE_BLOCKS_MAX = FRAME_BYTES_MAX / 512 + 1;
const SIDE_PX_MAX = 10_000;
const SIDE_ALLOWED = `a whole number 1..${String(SIDE_PX_MAX)} is allowed`;

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value) && !value.includes('\n');
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function refused(field: keyof WebcamCall, value: unknown, allowed: string): ParsedCall {
  const found = value === undefined ? 'absent' : JSON.stringify(value);
  return { kind: 'refused', detail: `Cannot call fswebcam: ${field} is ${found}, ${allowed}` };
}

function quoted(argument: string): string {
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** The only way to learn of damage: fswebcam itself passes over all that its decoder complains of. */
function rawFrame(call: WebcamCall): readonly string[] {
  return call.device === 'TEST' ? [] : ['--dumpframe', rawPath(call)];
}
