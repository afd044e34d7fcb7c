// Pictures for the tests, made here; each is small enough to be cut at every byte.
import sharp from 'sharp';
import type { Pixels } from '../../src/support/jpeg.ts';

/** A solid picture. */
export function solid(widthPx: number, heightPx: number, rgb: readonly [number, number, number]): Pixels {
  const data = new Uint8Array(widthPx * heightPx * 3);
  for (let at = 0; at < data.length; at += 1) data[at] = rgb[at % 3] ?? 0;
  return { data, widthPx, heightPx, channels: 3 };
}

/** Repeatable noise, the hardest picture to make small. */
export function noise(widthPx: number, heightPx: number): Pixels {
  const data = new Uint8Array(widthPx * heightPx * 3);
  let state = 0x2545f491;
  for (let at = 0; at < data.length; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[at] = state >>> 24;
  }
  return { data, widthPx, heightPx, channels: 3 };
}

/** Four quarters: red, green above; blue, white below. */
export function quarters(widthPx: number, heightPx: number): Pixels {
  const pixels = solid(widthPx, heightPx, [255, 255, 255]);
  const colours = [
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
    [255, 255, 255],
  ] as const;
  for (let y = 0; y < heightPx; y += 1) {
    for (let x = 0; x < widthPx; x += 1) {
      const quarter = (y * 2 < heightPx ? 0 : 2) + (x * 2 < widthPx ? 0 : 1);
      pixels.data.set(colours[quarter] ?? [0, 0, 0], (y * widthPx + x) * 3);
    }
  }
  return pixels;
}

export interface JpegVariant {
  readonly progressive?: boolean;
  readonly orientation?: number;
  readonly greyscale?: boolean;
}

export async function jpegOf(pixels: Pixels, variant: JpegVariant = {}): Promise<Uint8Array> {
  const { data, widthPx: width, heightPx: height, channels } = pixels;
  let picture = sharp(data, { raw: { width, height, channels } });
  if (variant.greyscale === true) picture = picture.toColourspace('b-w');
  if (variant.orientation !== undefined) picture = picture.withMetadata({ orientation: variant.orientation });
  return picture
    .jpeg({ quality: 92, progressive: variant.progressive === true, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
