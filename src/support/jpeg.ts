// The only door to sharp: decodes, measures, turns and encodes JPEGs. It decides nothing about quality or size.
import sharp, { type Sharp } from 'sharp';
import { errorMessage, OperatingError } from './errors.ts';
import { exifTags, type OwnExif } from './jpeg-exif.ts';
import { cropArea, measureLuma, uprightSize } from './jpeg-measures.ts';
import { withStripBelow } from './jpeg-strip.ts';
import { readJpegStructure, type WholeJpeg } from './jpeg-structure.ts';

export interface Pixels {
  readonly data: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: 1 | 3;
}

/** Region of interest, each a fraction 0..1 of the upright frame. */
export interface Crop {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export type RotateDegrees = 0 | 90 | 180 | 270;
export type Flip = 'none' | 'horizontal' | 'vertical' | 'both';
export type Encoder = 'fast' | 'mozjpeg';

export interface Undecodable {
  readonly kind: 'undecodable';
  readonly detail: string;
}

export interface Inspection {
  readonly kind: 'decoded';
  /** As coded, before any EXIF orientation. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** 0..255 */
  readonly meanLuma: number;
  /** Standard deviation of the luma: 0 is one colour all over. */
  readonly spreadLuma: number;
}

export interface DecodeOptions {
  /** 0 = as is; a smaller picture is never enlarged. */
  readonly maxWidthPx: number;
  readonly crop?: Crop;
  /** Clockwise. */
  readonly rotateDegrees: RotateDegrees;
  readonly flip: Flip;
  readonly greyscale: boolean;
}

export interface EncodeOptions {
  /** 1..100, as sharp counts it. */
  readonly quality: number;
  readonly encoder: Encoder;
  /** Shrinks to this width; never enlarges. */
  readonly widthPx?: number;
  /** Written into the picture; 272 bytes with an id of four, which count. */
  readonly exif?: OwnExif;
}

export interface JpegCodec {
  /** Decodes the whole picture, refuses it at the first warning, and measures its light on a 64 px reduction. */
  inspect(jpeg: Uint8Array): Promise<Inspection | Undecodable>;
  /** Upright by EXIF first, then crop, rotate, flip, greyscale, and last the width. */
  decode(
    jpeg: Uint8Array,
    options: DecodeOptions,
  ): Promise<{ kind: 'decoded'; pixels: Pixels } | Undecodable>;
  /**
   * Chroma is halved both ways (4:2:0); no metadata but `exif` is written. Throws an OperatingError with code
   * `ENCODE_FAILED` where the encoder is too slow or out of memory.
   */
  encode(pixels: Pixels, options: EncodeOptions): Promise<Uint8Array>;
  /**
   * What `decode` and `encode` give, in one go: the pixels are never held as a whole. Throws as `encode` does, also
   * where the picture does not decode.
   */
  transcode(jpeg: Uint8Array, options: DecodeOptions & Omit<EncodeOptions, 'widthPx'>): Promise<Uint8Array>;
}

/** Pictures with more pixels are refused by their header alone. */
export const PICTURE_PIXELS_MAX = 50_000_000;

export const ENCODE_FAILED = 'ENCODE_FAILED';

/**
 * Sets sharp up for a small machine: no cache that grows, one thread (two or four are no faster at one JPEG), and no
 * loader but the JPEG one. `secondsMax` bounds each call while pixels flow; the last pass of mozjpeg, over all of them at
 * once, it cannot end.
 */
export function createJpegCodec({ secondsMax = SECONDS_MAX }: { secondsMax?: number } = {}): JpegCodec {
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: ['VipsForeignLoadJpeg'] });
  const open = (jpeg: Uint8Array): Sharp => openJpeg(jpeg).timeout({ seconds: secondsMax });
  return {
    inspect: (jpeg) => refusing(jpeg, (structure) => inspect(jpeg, structure, open)),
    decode: (jpeg, options) =>
      refusing(jpeg, async (structure) => ({
        kind: 'decoded',
        pixels: await toPixels(reshaped(open(jpeg), structure, options)),
      })),
    encode: (pixels, options) =>
      encoded(() => compressed(sized(openPixels(pixels), options), options).timeout({ seconds: secondsMax })),
    transcode: (jpeg, options) =>
      encoded(() => {
        const structure = readJpegStructure(jpeg);
        if (structure.kind === 'broken') throw new Error(structure.detail);
        return compressed(reshaped(open(jpeg), structure, options), options);
      }),
  };
}

// A frame of 50 megapixels decodes in a few seconds on a Cortex-A72; what takes longer is an attack or a bug.
const SECONDS_MAX = 10;
const LUMA_SIDE_PX = 64;

/** What sharp throws while it reads a picture is about that picture: it becomes a value. */
async function refusing<T>(
  jpeg: Uint8Array,
  read: (structure: WholeJpeg) => Promise<T>,
): Promise<T | Undecodable> {
  const structure = readJpegStructure(jpeg);
  if (structure.kind === 'broken') return { kind: 'undecodable', detail: structure.detail };
  try {
    return await read(structure);
  } catch (error) {
    return { kind: 'undecodable', detail: errorMessage(error).trim() };
  }
}

async function encoded(picture: () => Sharp): Promise<Uint8Array> {
  try {
    return await picture().toBuffer();
  } catch (error) {
    const detail = `Cannot encode picture: ${errorMessage(error).trim()}`;
    throw new OperatingError(detail, { code: ENCODE_FAILED, cause: error });
  }
}

function openJpeg(jpeg: Uint8Array): Sharp {
  // 'warning': 'error', sharp's middle way, lets pictures with damaged bytes in their middle pass.
  return sharp(jpeg, { failOn: 'warning', limitInputPixels: PICTURE_PIXELS_MAX });
}

function openPixels({ data, widthPx: width, heightPx: height, channels }: Pixels): Sharp {
  const picture = sharp(data, { raw: { width, height, channels }, limitInputPixels: PICTURE_PIXELS_MAX });
  // Without naming it, sharp writes one channel as three.
  return picture.toColourspace(channels === 1 ? 'b-w' : 'srgb');
}

async function inspect(
  jpeg: Uint8Array,
  structure: WholeJpeg,
  open: (jpeg: Uint8Array) => Sharp,
): Promise<Inspection> {
  const { widthPx, heightPx } = structure;
  const longer = withStripBelow(jpeg, structure, PICTURE_PIXELS_MAX);
  const {
    data,
    widthPx: across,
    heightPx: down,
  } = await toPixels(
    open(longer.jpeg)
      // The whole of it: without a crop libjpeg would decode at an eighth of the size, and so miss damage it warns of.
      .extract({ left: 0, top: 0, width: widthPx, height: longer.heightPx })
      .resize({ width: LUMA_SIDE_PX, height: LUMA_SIDE_PX, fit: 'inside', withoutEnlargement: true })
      .toColourspace('b-w'),
  );
  const rows = Math.max(1, Math.floor((down * heightPx) / longer.heightPx));
  return { kind: 'decoded', widthPx, heightPx, ...measureLuma(data.subarray(0, across * rows)) };
}

// One pipeline: the pixels are decoded once, and at half or a quarter of the size where the width allows it. Whatever
// the order of the calls, sharp sets upright, crops, sizes, flips and rotates in this order (its pipeline.cc).
function reshaped(opened: Sharp, structure: WholeJpeg, options: DecodeOptions): Sharp {
  const { crop, maxWidthPx, rotateDegrees, flip, greyscale } = options;
  const lies = rotateDegrees === 90 || rotateDegrees === 270;
  let picture = opened.autoOrient().toColourspace(greyscale ? 'b-w' : 'srgb');
  if (crop !== undefined) picture = picture.extract(cropArea(crop, uprightSize(structure)));
  if (maxWidthPx > 0) {
    const side = lies ? { height: maxWidthPx } : { width: maxWidthPx };
    picture = picture.resize({ ...side, fit: 'inside', withoutEnlargement: true });
  }
  // The flip comes after the rotation for us; before a quarter turn it is the flip along the other axis.
  const [across, down] = lies ? (['vertical', 'horizontal'] as const) : (['horizontal', 'vertical'] as const);
  if (flip === across || flip === 'both') picture = picture.flop();
  if (flip === down || flip === 'both') picture = picture.flip();
  return rotateDegrees === 0 ? picture : picture.rotate(rotateDegrees);
}

async function toPixels(picture: Sharp): Promise<Pixels> {
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== 1 && info.channels !== 3) {
    throw new TypeError(`Cannot use picture: it has ${String(info.channels)} channels, 1 or 3 are allowed`);
  }
  return { data, widthPx: info.width, heightPx: info.height, channels: info.channels };
}

function sized(picture: Sharp, { widthPx }: EncodeOptions): Sharp {
  return widthPx === undefined ? picture : picture.resize({ width: widthPx, withoutEnlargement: true });
}

// The other ways to code a picture, side by side at equal bytes: the rows `coded` of `npm run bench`.
function compressed(picture: Sharp, { quality, encoder, exif }: Omit<EncodeOptions, 'widthPx'>): Sharp {
  const named = exif === undefined ? picture : picture.withExif(exifTags(exif));
  return named.jpeg({ quality, mozjpeg: encoder === 'mozjpeg', chromaSubsampling: '4:2:0' });
}
