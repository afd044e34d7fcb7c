// The ways to fit a picture that are compared: ours, a loop of fixed steps, a full binary search. The others decode once.
import type { Frame } from '../../src/domain.ts';
import { createFit, type FitSettings } from '../../src/fit/fit-frame.ts';
import { createJpegCodec, type JpegCodec, type Pixels } from '../../src/support/jpeg.ts';

/** The defaults of the configuration. */
export const SETTINGS: FitSettings = {
  ...{ maxWidthPx: 0, minWidthPx: 224, minQuality: 40, maxQuality: 90, deviceId: 'bench' },
  ...{ encoder: 'fast', greyscale: false, rotateDegrees: 0, flip: 'none' },
};

export interface Fitted {
  readonly jpeg: Uint8Array;
  readonly encodes: number;
  readonly quality?: number;
}

/** Fits one frame; nothing where it cannot. */
export type Way = (frame: Frame, budgetBytes: number) => Promise<Fitted | undefined>;

export function ours(codec: JpegCodec = createJpegCodec()): Way {
  const fit = createFit({ codec, settings: SETTINGS });
  return async (frame, budgetBytes) => {
    const outcome = await fit(frame, { budgetBytes });
    return outcome.kind === 'fitted' ? outcome.image : undefined;
  };
}

export function fixedSteps(codec: JpegCodec): Way {
  return async (frame, budgetBytes) => {
    const encode = await encoderOf(codec, frame);
    for (let encodes = 1, quality = SETTINGS.maxQuality; quality >= SETTINGS.minQuality; quality -= STEP) {
      const jpeg = await encode(quality);
      if (jpeg.length <= budgetBytes) return { jpeg, encodes, quality };
      encodes += 1;
    }
    return undefined;
  };
}

export function binarySearch(codec: JpegCodec): Way {
  return async (frame, budgetBytes) => {
    const encode = await encoderOf(codec, frame);
    let [low, high]: [number, number] = [SETTINGS.minQuality, SETTINGS.maxQuality];
    let best: Fitted | undefined;
    for (let encodes = 1; low <= high; encodes += 1) {
      const quality = Math.floor((low + high) / 2);
      const jpeg = await encode(quality);
      if (jpeg.length <= budgetBytes) {
        best = { jpeg, encodes, quality };
        low = quality + 1;
      } else high = quality - 1;
      if (best !== undefined) best = { ...best, encodes };
    }
    return best;
  };
}

/** The floor under every way: one decode and one encode at the quality that was found. */
export async function decodeAndEncode(codec: JpegCodec, frame: Frame, quality: number): Promise<void> {
  const encode = await encoderOf(codec, frame);
  await encode(quality);
}

const STEP = 10;

async function encoderOf(codec: JpegCodec, frame: Frame): Promise<(quality: number) => Promise<Uint8Array>> {
  const pixels = await pixelsOf(codec, frame);
  const exif = { capturedAt: frame.capturedAt, deviceId: SETTINGS.deviceId };
  return (quality) => codec.encode(pixels, { quality, encoder: SETTINGS.encoder, exif });
}

async function pixelsOf(codec: JpegCodec, frame: Frame): Promise<Pixels> {
  const decoded = await codec.decode(frame.jpeg, SETTINGS);
  if (decoded.kind !== 'decoded') throw new Error(`Cannot measure fit: ${decoded.detail}`);
  return decoded.pixels;
}
