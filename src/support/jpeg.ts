// The only door to sharp: decodes, measures, turns and encodes JPEGs. It decides nothing about quality or size.
import sharp, { type Sharp } from 'sharp';
import { errorMessage } from './errors.ts';
import { readJpegStructure, startsWithSoi } from './jpeg-structure.ts';

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
}

export interface JpegCodec {
  /** Decodes the whole picture, refuses it at the first warning, and measures its light on a 64 px reduction. */
  inspect(jpeg: Uint8Array): Promise<Inspection | Undecodable>;
  /** Upright by EXIF first, then crop, rotate, flip, greyscale, and last the width. */
  decode(
    jpeg: Uint8Array,
    options: DecodeOptions,
  ): Promise<{ kind: 'decoded'; pixels: Pixels } | Undecodable>;
  /** Chroma is halved both ways (4:2:0); no metadata is written. */
  encode(pixels: Pixels, options: EncodeOptions): Promise<Uint8Array>;
}

/** Pictures with more pixels are refused by their header alone. */
export const PICTURE_PIXELS_MAX = 40_000_000;

/** Sets sharp up for a small machine: no cache that grows, one thread, and no loader but the JPEG one. */
export function createJpegCodec(): JpegCodec {
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: ['VipsForeignLoadJpeg'] });
  return {
    inspect: (jpeg) => refusing(jpeg, () => inspect(jpeg)),
    decode: (jpeg, options) => refusing(jpeg, () => decode(jpeg, options)),
    encode,
  };
}

// A frame of 40 megapixels decodes in a few seconds on a Cortex-A72; what takes longer is an attack or a bug.
const DECODE_SECONDS_MAX = 10;
const LUMA_SIDE_PX = 64;

/** What sharp throws while it reads a picture is about that picture: it becomes a value. */
async function refusing<T>(jpeg: Uint8Array, read: () => Promise<T>): Promise<T | Undecodable> {
  if (!startsWithSoi(jpeg)) return { kind: 'undecodable', detail: 'it does not start as a JPEG' };
  try {
    return await read();
  } catch (error) {
    return { kind: 'undecodable', detail: errorMessage(error).trim() };
  }
}

function open(jpeg: Uint8Array): Sharp {
  // 'warning': 'error', sharp's middle way, lets pictures with damaged bytes in their middle pass.
  return sharp(jpeg, { failOn: 'warning', limitInputPixels: PICTURE_PIXELS_MAX }).timeout({
    seconds: DECODE_SECONDS_MAX,
  });
}

function openPixels(pixels: Pixels): Sharp {
  const { widthPx: width, heightPx: height, channels } = pixels;
  return sharp(pixels.data, {
    raw: { width, height, channels },
    limitInputPixels: PICTURE_PIXELS_MAX,
  }).timeout({
    seconds: DECODE_SECONDS_MAX,
  });
}

async function inspect(jpeg: Uint8Array): Promise<Inspection | Undecodable> {
  const structure = readJpegStructure(jpeg);
  if (structure.kind === 'broken') return { kind: 'undecodable', detail: structure.detail };
  // In one step with the reduction libjpeg would decode at an eighth of the size, and that misses damage it warns of.
  const whole = openPixels(await toPixels(open(jpeg), false));
  const side = { width: LUMA_SIDE_PX, height: LUMA_SIDE_PX };
  const reduced = await toPixels(whole.resize({ ...side, fit: 'inside', withoutEnlargement: true }), true);
  const { widthPx, heightPx } = structure;
  return { kind: 'decoded', widthPx, heightPx, ...measureLuma(reduced.data) };
}

function measureLuma(luma: Uint8Array): { meanLuma: number; spreadLuma: number } {
  const meanLuma = luma.reduce((sum, value) => sum + value, 0) / luma.length;
  const variance = luma.reduce((sum, value) => sum + (value - meanLuma) ** 2, 0) / luma.length;
  return { meanLuma, spreadLuma: Math.sqrt(variance) };
}

// sharp sorts the operations of one pipeline into an order of its own, so those whose order matters get one each.
async function decode(
  jpeg: Uint8Array,
  options: DecodeOptions,
): Promise<{ kind: 'decoded'; pixels: Pixels } | Undecodable> {
  let picture = open(jpeg).autoOrient();
  if (options.crop !== undefined) {
    const upright = await toPixels(picture, options.greyscale);
    picture = openPixels(upright).extract(cropArea(options.crop, upright));
  }
  if (options.rotateDegrees !== 0) {
    picture = openPixels(await toPixels(picture, options.greyscale)).rotate(options.rotateDegrees);
    picture = openPixels(await toPixels(picture, options.greyscale));
  }
  if (options.flip === 'horizontal' || options.flip === 'both') picture = picture.flop();
  if (options.flip === 'vertical' || options.flip === 'both') picture = picture.flip();
  if (options.maxWidthPx > 0)
    picture = picture.resize({ width: options.maxWidthPx, withoutEnlargement: true });
  return { kind: 'decoded', pixels: await toPixels(picture, options.greyscale) };
}

/** Whole pixels inside the picture, at least one by one, however small the fractions are. */
function cropArea(crop: Crop, of: Pixels): { left: number; top: number; width: number; height: number } {
  const left = Math.min(Math.floor(crop.left * of.widthPx), of.widthPx - 1);
  const top = Math.min(Math.floor(crop.top * of.heightPx), of.heightPx - 1);
  return {
    left,
    top,
    width: Math.max(1, Math.min(Math.round(crop.width * of.widthPx), of.widthPx - left)),
    height: Math.max(1, Math.min(Math.round(crop.height * of.heightPx), of.heightPx - top)),
  };
}

async function toPixels(picture: Sharp, greyscale: boolean): Promise<Pixels> {
  const { data, info } = await picture
    .toColourspace(greyscale ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 1 && info.channels !== 3) {
    throw new TypeError(`Cannot use picture: it has ${String(info.channels)} channels, 1 or 3 are allowed`);
  }
  return { data, widthPx: info.width, heightPx: info.height, channels: info.channels };
}

function encode(pixels: Pixels, options: EncodeOptions): Promise<Uint8Array> {
  const { quality, encoder, widthPx } = options;
  // Without naming it, sharp writes one channel as three.
  const picture = openPixels(pixels).toColourspace(pixels.channels === 1 ? 'b-w' : 'srgb');
  const sized =
    widthPx !== undefined && widthPx < pixels.widthPx ? picture.resize({ width: widthPx }) : picture;
  return sized.jpeg({ quality, mozjpeg: encoder === 'mozjpeg', chromaSubsampling: '4:2:0' }).toBuffer();
}
