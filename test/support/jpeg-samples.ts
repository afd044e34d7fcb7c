// Pictures for the tests, made here; each is small enough to be cut at every byte.
import { execFileSync } from 'node:child_process';
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
  /** Of the chroma; 4:4:4 unless told. */
  readonly sampling?: '4:2:0' | '4:4:4';
}

export async function jpegOf(pixels: Pixels, variant: JpegVariant = {}): Promise<Uint8Array> {
  const { data, widthPx: width, heightPx: height, channels } = pixels;
  let picture = sharp(data, { raw: { width, height, channels } });
  if (variant.greyscale === true) picture = picture.toColourspace('b-w');
  if (variant.orientation !== undefined) picture = picture.withMetadata({ orientation: variant.orientation });
  return picture
    .jpeg({
      quality: 92,
      progressive: variant.progressive === true,
      chromaSubsampling: variant.sampling ?? '4:4:4',
    })
    .toBuffer();
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** As ffmpeg codes the luma and chroma of `pixelFormat`: `yuvj422p` is what most webcams give. */
export function ffmpegJpegOf(pixels: Pixels, pixelFormat: string): Uint8Array {
  const size = `${String(pixels.widthPx)}x${String(pixels.heightPx)}`;
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', size, '-i', '-'];
  const output = ['-c:v', 'mjpeg', '-q:v', '3', '-pix_fmt', pixelFormat, '-f', 'mjpeg', '-'];
  return execFileSync('ffmpeg', ['-v', 'error', ...input, ...output], { input: pixels.data });
}

/** One row of blocks `rows` times below itself, with a restart marker between (T.81, B.2.4.4). */
export async function withRestarts(row: Pixels, rows: number): Promise<Uint8Array> {
  const jpeg = Buffer.from(await jpegOf(row));
  const frameHeader = jpeg.indexOf(Uint8Array.of(0xff, 0xc0));
  const scan = jpeg.indexOf(Uint8Array.of(0xff, 0xda));
  const data = scan + 2 + jpeg.readUInt16BE(scan + 2);
  jpeg.writeUInt16BE(row.heightPx * rows, frameHeader + 5);
  const interval = Uint8Array.of(0xff, 0xdd, 0, 4, 0, Math.ceil(row.widthPx / 8));
  const coded = Array.from({ length: rows }, (_, at) => {
    const marker = at === 0 ? [] : [0xff, 0xd0 + ((at - 1) % 8)];
    return concat(Uint8Array.from(marker), jpeg.subarray(data, -2));
  });
  return concat(jpeg.subarray(0, scan), interval, jpeg.subarray(scan, data), ...coded, jpeg.subarray(-2));
}

/**
 * Noise in 4:2:2 as webcams code it, 2x1, which none of our encoders does: the blocks of a grey picture twice as wide,
 * with headers that call each four of them two of luma and two of chroma. A whole number of 16 px across.
 */
export async function halvedAcross(widthPx: number, heightPx: number): Promise<Uint8Array> {
  const grey = Buffer.from(await jpegOf(noise(2 * widthPx, heightPx), { greyscale: true }));
  const frameHeader = grey.indexOf(Uint8Array.of(0xff, 0xc0));
  const scan = grey.indexOf(Uint8Array.of(0xff, 0xda));
  const size = [heightPx >> 8, heightPx & 255, widthPx >> 8, widthPx & 255];
  return concat(
    grey.subarray(0, frameHeader),
    Uint8Array.of(0xff, 0xc0, 0, 17, 8, ...size, 3, 1, 0x21, 0, 2, 0x11, 0, 3, 0x11, 0),
    grey.subarray(frameHeader + 2 + grey.readUInt16BE(frameHeader + 2), scan),
    Uint8Array.of(0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0),
    grey.subarray(scan + 2 + grey.readUInt16BE(scan + 2)),
  );
}
