// Makes an image out of a frame: turned, cut and sized as configured, and within the budget. It sends and stores nothing.
import type { FitOutcome, Frame, Image } from '../domain.ts';
import type { Crop, Encoder, Flip, JpegCodec, Pixels, RotateDegrees } from '../support/jpeg.ts';
import { readJpegStructure } from '../support/jpeg-structure.ts';
import { fitToBudget } from './fit-to-budget.ts';

export interface FitSettings {
  /** 0 = as captured. */
  readonly maxWidthPx: number;
  readonly minWidthPx: number;
  readonly minQuality: number;
  readonly maxQuality: number;
  readonly encoder: Encoder;
  readonly crop?: Crop;
  readonly greyscale: boolean;
  readonly rotateDegrees: RotateDegrees;
  readonly flip: Flip;
}

export interface FitBounds {
  /** The most JPEG bytes that are allowed. */
  readonly budgetBytes: number;
  /** Bounds that the trigger asks for; the configured ones and the floors hold as well. */
  readonly maxWidthPx?: number;
  readonly maxQuality?: number;
}

export type Fit = (frame: Frame, bounds: FitBounds) => Promise<FitOutcome>;

/**
 * A frame that is within the budget and that nothing asks to change goes through byte for byte. It remembers one thing:
 * the quality the last frame needed, because the next one from the same camera will need much the same.
 */
export function createFit(deps: { codec: JpegCodec; settings: FitSettings }): Fit {
  const { codec, settings } = deps;
  let hintQuality = settings.maxQuality;
  return async (frame, asked) => {
    const bounds = withinSettings(asked, settings);
    const maxWidthPx = smallestWidth(settings.maxWidthPx, bounds.maxWidthPx ?? 0);
    if (mayPassThrough(frame, settings, { ...bounds, maxWidthPx })) {
      return { kind: 'fitted', image: passedThrough(frame) };
    }
    const decoded = await codec.decode(frame.jpeg, { ...settings, maxWidthPx });
    if (decoded.kind === 'undecodable') return decoded;
    const { pixels } = decoded;
    const maxQuality = Math.min(settings.maxQuality, bounds.maxQuality ?? settings.maxQuality);
    const { minQuality } = settings;
    const found = await fitToBudget({
      encode: (quality, widthPx) => codec.encode(pixels, { quality, widthPx, encoder: settings.encoder }),
      budgetBytes: bounds.budgetBytes,
      minQuality,
      maxQuality,
      startQuality: hintQuality,
      widthPx: pixels.widthPx,
      minWidthPx: settings.minWidthPx,
    });
    if (found.kind === 'unfit') {
      return { kind: 'unfit', smallestBytes: found.smallestBytes, budgetBytes: bounds.budgetBytes };
    }
    // A narrower picture was needed because the lowest quality was not enough: that is where the next one starts.
    // What a trigger's own bounds led to says nothing about the next frame.
    if (bounds.maxQuality === undefined && bounds.maxWidthPx === undefined) {
      hintQuality = found.widthPx === pixels.widthPx ? found.quality : minQuality;
    }
    const { quality, encodes } = found;
    return { kind: 'fitted', image: { jpeg: found.jpeg, ...sizeOf(found.jpeg, pixels), quality, encodes } };
  };
}

/** A trigger may ask for less, but not for less than the configured floors. */
function withinSettings(asked: FitBounds, { minWidthPx, minQuality }: FitSettings): FitBounds {
  const { budgetBytes, maxWidthPx, maxQuality } = asked;
  return {
    budgetBytes,
    ...(maxWidthPx === undefined ? {} : { maxWidthPx: Math.max(maxWidthPx, minWidthPx) }),
    ...(maxQuality === undefined ? {} : { maxQuality: Math.max(maxQuality, minQuality) }),
  };
}

function smallestWidth(one: number, other: number): number {
  return one > 0 && other > 0 ? Math.min(one, other) : Math.max(one, other);
}

function mayPassThrough(
  frame: Frame,
  settings: FitSettings,
  bounds: FitBounds & { maxWidthPx: number },
): boolean {
  if (frame.jpeg.length > bounds.budgetBytes || bounds.maxQuality !== undefined) return false;
  if (settings.crop !== undefined || settings.greyscale) return false;
  if (settings.rotateDegrees !== 0 || settings.flip !== 'none') return false;
  if (bounds.maxWidthPx > 0 && frame.widthPx > bounds.maxWidthPx) return false;
  const structure = readJpegStructure(frame.jpeg);
  return structure.kind === 'complete' && (structure.orientation ?? 1) === 1;
}

function passedThrough(frame: Frame): Image {
  return { jpeg: frame.jpeg, widthPx: frame.widthPx, heightPx: frame.heightPx, encodes: 0 };
}

/** Read from the image itself: its height is rounded by the encoder. */
function sizeOf(jpeg: Uint8Array, pixels: Pixels): { widthPx: number; heightPx: number } {
  const structure = readJpegStructure(jpeg);
  const { widthPx, heightPx } = structure.kind === 'complete' ? structure : pixels;
  return { widthPx, heightPx };
}
