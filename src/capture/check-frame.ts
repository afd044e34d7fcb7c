// Judges one picture as a camera gave it: whole, decodable, and whether it shows anything. It changes no picture.
import type { Suspicion } from '../domain.ts';
import { PICTURE_PIXELS_MAX, type Inspection, type JpegCodec } from '../support/jpeg.ts';
import { readJpegStructure } from '../support/jpeg-structure.ts';
import { damageOf } from './cut-frame.ts';
import { FRAME_BYTES_MAX } from './driver.ts';

export type FrameCheck =
  | {
      readonly kind: 'good';
      /** Without the padding that some cameras leave behind the end. */
      readonly jpeg: Uint8Array;
      /** Granted size. */
      readonly widthPx: number;
      readonly heightPx: number;
      readonly suspect?: Suspicion;
    }
  | { readonly kind: 'bad'; readonly detail: string };

export type FrameCodec = Pick<JpegCodec, 'inspect'>;

/**
 * What is no JPEG, not whole or too large is refused by its markers, before any decoder sees it. `cameraJpeg`: what
 * `bytes` were made from, by a program that takes a cut JPEG for a whole one.
 */
export async function checkFrame(
  bytes: Uint8Array,
  codec: FrameCodec,
  cameraJpeg?: Uint8Array,
): Promise<FrameCheck> {
  if (bytes.length === 0) return bad('it is empty');
  if (bytes.length > FRAME_BYTES_MAX) return bad(`it has ${String(bytes.length)} bytes`);
  const structure = readJpegStructure(bytes);
  if (structure.kind === 'broken') return bad(structure.detail);
  const { widthPx, heightPx, endOffset } = structure;
  if (widthPx * heightPx > PICTURE_PIXELS_MAX)
    return bad(`it has ${String(widthPx)}x${String(heightPx)} pixels`);
  const jpeg = bytes.subarray(0, endOffset);
  const inspection = await codec.inspect(jpeg);
  if (inspection.kind === 'undecodable') return bad(inspection.detail);
  const suspect = suspicionOf(inspection);
  const damage = cameraJpeg === undefined ? undefined : await damageOf(cameraJpeg, codec);
  if (damage !== undefined) return bad(`the camera cut it short or damaged it (${damage})`);
  return { kind: 'good', jpeg, widthPx, heightPx, ...(suspect === undefined ? {} : { suspect }) };
}

// A covered lens or a sensor without light: fswebcam's own black picture has luma 0, a webcam's dark noise stays below
// 10, and a night scene with one lamp in it has the spread that a covered lens has not.
const BLACK_MEAN_BELOW = 10;
const BLACK_SPREAD_BELOW = 6;
// One colour all over (a green or grey picture after a USB error): an evenly lit white wall still spreads by 3 or more.
const FLAT_SPREAD_BELOW = 2;

function suspicionOf({ meanLuma, spreadLuma }: Inspection): Suspicion | undefined {
  if (meanLuma < BLACK_MEAN_BELOW && spreadLuma < BLACK_SPREAD_BELOW) return 'black';
  return spreadLuma < FLAT_SPREAD_BELOW ? 'flat' : undefined;
}

function bad(detail: string): FrameCheck {
  return { kind: 'bad', detail };
}
