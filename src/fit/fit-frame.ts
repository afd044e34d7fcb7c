// Makes an image out of a frame: turned, cut and sized as configured, and within the budget. It sends and stores nothing.
import type { FitOutcome, Frame, Image } from '../domain.ts';
import { errorCode, errorMessage } from '../support/errors.ts';
import { ENCODE_FAILED, type DecodeOptions, type EncodeOptions, type JpegCodec } from '../support/jpeg.ts';
import { reshapedSize, type Size } from '../support/jpeg-measures.ts';
import { readJpegStructure, withoutMetadata, type WholeJpeg } from '../support/jpeg-structure.ts';
import { frameEncoder } from './encode-frame.ts';
import { fitToBudget } from './fit-to-budget.ts';
import { createSceneMemory, type Scene } from './scene-memory.ts';

export interface FitSettings extends DecodeOptions, Pick<EncodeOptions, 'encoder'> {
  readonly minWidthPx: number;
  readonly minQuality: number;
  readonly maxQuality: number;
  /** Written into every image that we encode. */
  readonly deviceId: string;
}

export interface FitBounds {
  /** The most JPEG bytes that are allowed. */
  readonly budgetBytes: number;
  /** Bounds that the trigger asks for; the configured ones and the floors hold as well. */
  readonly maxWidthPx?: number;
  readonly maxQuality?: number;
}

/** An aborted signal keeps the next encode from beginning; the outcome is then `undecodable`. */
export type Fit = (frame: Frame, bounds: FitBounds, signal?: AbortSignal) => Promise<FitOutcome>;

/**
 * A plain frame that is within the budget and that nothing asks to change goes through byte for byte; one that only
 * carries the camera's metadata loses them without being encoded. It remembers numbers of the last frame, because the
 * next one from the same camera will need much the same.
 */
export function createFit(deps: { codec: JpegCodec; settings: FitSettings }): Fit {
  const { codec, settings } = deps;
  const memory = createSceneMemory();
  return async (frame, asked, signal) => {
    const bounds = withinSettings(asked, settings);
    const structure = readJpegStructure(frame.jpeg);
    if (structure.kind === 'broken') return { kind: 'undecodable', detail: structure.detail };
    const passed = asItCame({ frame, structure, settings, bounds });
    if (passed !== undefined) return { kind: 'fitted', image: passed };
    const decode = decodeOf(structure, { ...settings, maxWidthPx: bounds.maxWidthPx });
    const size = reshapedSize(structure, decode);
    const scene = sceneOf(frame, structure, size);
    const { budgetBytes, maxQuality } = bounds;
    const { basis, ...expected } = memory.expect(scene, budgetBytes);
    const exif = { capturedAt: frame.capturedAt, deviceId: settings.deviceId };
    const encoding = { codec, jpeg: frame.jpeg, decode, encode: { encoder: settings.encoder, exif } };
    const { minQuality, minWidthPx } = settings;
    const found = await encodeOr(() =>
      fitToBudget({
        encode: frameEncoder({ ...encoding, basis, ...(signal === undefined ? {} : { signal }) }),
        ...{ budgetBytes, minQuality, maxQuality, widthPx: size.widthPx, minWidthPx },
        ...expected,
      }),
    );
    if (found.kind === 'undecodable') return found;
    if (found.kind === 'unfit') {
      return { kind: 'unfit', smallestBytes: found.smallestBytes, budgetBytes };
    }
    // What a trigger's own bounds led to says nothing about the next frame.
    if (asked.maxQuality === undefined && asked.maxWidthPx === undefined) memory.remember(scene, found);
    const { jpeg, quality, encodes } = found;
    return { kind: 'fitted', image: { jpeg, ...sizeOf(jpeg, size), quality, encodes } };
  };
}

type Bounds = Required<FitBounds> & { readonly qualityAsked: boolean };

/** A trigger may ask for less, but not for less than the configured floors. */
function withinSettings(asked: FitBounds, settings: FitSettings): Bounds {
  const { minWidthPx, minQuality, maxQuality } = settings;
  const askedPx = asked.maxWidthPx === undefined ? 0 : Math.max(asked.maxWidthPx, minWidthPx);
  return {
    budgetBytes: asked.budgetBytes,
    maxWidthPx: smallestWidth(settings.maxWidthPx, askedPx),
    maxQuality: Math.min(maxQuality, Math.max(asked.maxQuality ?? maxQuality, minQuality)),
    qualityAsked: asked.maxQuality !== undefined,
  };
}

function smallestWidth(one: number, other: number): number {
  return one > 0 && other > 0 ? Math.min(one, other) : Math.max(one, other);
}

/** The frame without an encode, or nothing where it is too large or has to change. */
function asItCame(at: {
  frame: Frame;
  structure: WholeJpeg;
  settings: FitSettings;
  bounds: Bounds;
}): Image | undefined {
  const { frame, structure, settings, bounds } = at;
  const { widthPx, heightPx } = frame;
  if (asksForChange(settings) || bounds.qualityAsked) return undefined;
  if (bounds.maxWidthPx > 0 && widthPx > bounds.maxWidthPx) return undefined;
  // Without its colour profile a picture would show other colours; decoding applies it. Browsers read no arithmetic
  // coding, and classifiers no CMYK.
  if ((structure.orientation ?? 1) !== 1 || structure.hasColourProfile || !structure.plain) return undefined;
  const jpeg = structure.metadata.length === 0 ? frame.jpeg : withoutMetadata(frame.jpeg, structure);
  return jpeg.length <= bounds.budgetBytes ? { jpeg, widthPx, heightPx, encodes: 0 } : undefined;
}

function asksForChange({ crop, greyscale, rotateDegrees, flip }: FitSettings): boolean {
  return crop !== undefined || greyscale || rotateDegrees !== 0 || flip !== 'none';
}

/** A frame that is larger than any budget can use is decoded smaller, which bounds the memory. */
function decodeOf(structure: WholeJpeg, asked: DecodeOptions): DecodeOptions {
  const { widthPx, heightPx } = reshapedSize(structure, asked);
  const share = Math.min(
    Math.sqrt(DECODED_PIXELS_MAX / (widthPx * heightPx)),
    DECODED_SIDE_PX_MAX / Math.max(widthPx, heightPx),
  );
  return share >= 1 ? asked : { ...asked, maxWidthPx: Math.max(1, Math.floor(widthPx * share)) };
}

// 36 MB of pixels. Of one colour all over, every 256 pixels still take 12 bits (six blocks of two codes, ITU-T T.81,
// F.1.2): the 128,000 bytes of a payload hold no more than 17 megapixels of that, and of a photograph some two.
const DECODED_PIXELS_MAX = 12_000_000;
// libvips resizes in strips of some hundred lines: of 60,000 x 830 they are the whole picture, in 290 MB. No camera is wider.
const DECODED_SIDE_PX_MAX = 16_000;

function sceneOf(frame: Frame, structure: WholeJpeg, { widthPx, heightPx }: Size): Scene {
  const framePixels = structure.widthPx * structure.heightPx;
  const { lumaTable, chromaSamples } = structure;
  return {
    ...{ frameBytes: frame.jpeg.length, framePixels, widthPx, heightPx },
    ...(lumaTable === undefined ? {} : { table: lumaTable }),
    ...(chromaSamples === undefined ? {} : { chromaSamples }),
    whole: widthPx * heightPx === framePixels,
  };
}

/** Damaged, too slow or out of memory is the picture's failure; anything else thrown is a bug. */
async function encodeOr<T>(work: () => Promise<T>): Promise<T | { kind: 'undecodable'; detail: string }> {
  try {
    return await work();
  } catch (error) {
    if (errorCode(error) !== ENCODE_FAILED) throw error;
    return { kind: 'undecodable', detail: errorMessage(error) };
  }
}

/** Read from the image itself: its height is rounded by the encoder. */
function sizeOf(jpeg: Uint8Array, expected: Size): Size {
  const structure = readJpegStructure(jpeg);
  const { widthPx, heightPx } = structure.kind === 'complete' ? structure : expected;
  return { widthPx, heightPx };
}
