// The arithmetic of pictures: sizes, areas, light. It decodes nothing.
import type { Crop, DecodeOptions } from './jpeg.ts';

export interface Size {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Exif 2.32, 4.6.4 A: orientations 5 to 8 lie on their side. */
export function uprightSize({ widthPx, heightPx, orientation = 1 }: Size & { orientation?: number }): Size {
  return orientation < 5 ? { widthPx, heightPx } : { widthPx: heightPx, heightPx: widthPx };
}

/** Whole pixels inside the picture, at least one by one, however small the fractions are. */
export function cropArea(crop: Crop, of: Size): { left: number; top: number; width: number; height: number } {
  const left = Math.min(Math.floor(crop.left * of.widthPx), of.widthPx - 1);
  const top = Math.min(Math.floor(crop.top * of.heightPx), of.heightPx - 1);
  return {
    left,
    top,
    width: Math.max(1, Math.min(Math.round(crop.width * of.widthPx), of.widthPx - left)),
    height: Math.max(1, Math.min(Math.round(crop.height * of.heightPx), of.heightPx - top)),
  };
}

/** What a decode will give, before it is made: the width exactly, the height to a pixel, which sharp rounds its own way. */
export function reshapedSize(of: Size & { orientation?: number }, options: DecodeOptions): Size {
  const { crop, maxWidthPx, rotateDegrees } = options;
  const upright = uprightSize(of);
  const { width, height } = cropArea(crop ?? WHOLE, upright);
  const [across, down] = rotateDegrees === 90 || rotateDegrees === 270 ? [height, width] : [width, height];
  const widthPx = maxWidthPx > 0 ? Math.min(across, maxWidthPx) : across;
  return { widthPx, heightPx: Math.max(1, Math.round((down * widthPx) / across)) };
}

const WHOLE: Crop = { left: 0, top: 0, width: 1, height: 1 };

/** Mean and standard deviation of luma samples, 0..255. */
export function measureLuma(luma: Uint8Array): { meanLuma: number; spreadLuma: number } {
  const meanLuma = luma.reduce((sum, value) => sum + value, 0) / luma.length;
  const variance = luma.reduce((sum, value) => sum + (value - meanLuma) ** 2, 0) / luma.length;
  return { meanLuma, spreadLuma: Math.sqrt(variance) };
}
