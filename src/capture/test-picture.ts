// Draws the picture of the test camera: soft gradients, a coloured disc on its way, the time and a number. No input, no font.
import type { Pixels } from '../support/jpeg.ts';
import { drawText, textWidthPx } from './bitmap-text.ts';

export interface TestPicture {
  readonly widthPx: number;
  readonly heightPx: number;
  /** 1, 2, 3, ...: moves the disc and picks its colour. */
  readonly counter: number;
  readonly time: Date;
  /** Of the noise, 0..2^32-1. */
  readonly seed: number;
}

/** One pass over the pixels with tables for rows and columns: drawing must not hold the daemon up. */
export function drawTestPicture(picture: TestPicture): Pixels {
  const { widthPx, heightPx } = picture;
  const pixels = { data: new Uint8Array(widthPx * heightPx * 3), widthPx, heightPx, channels: 3 as const };
  drawScene(pixels.data, picture);
  drawCaptions(pixels, picture);
  return pixels;
}

/** The colour of the disc: what a colour classifier should answer for picture number `counter`. */
export function testColour(counter: number): { readonly name: string; readonly rgb: Rgb } {
  return COLOURS[counter % COLOURS.length] ?? RED;
}

type Rgb = readonly [red: number, green: number, blue: number];

const RED = { name: 'red', rgb: [215, 40, 35] } as const;
const COLOURS: readonly { readonly name: string; readonly rgb: Rgb }[] = [
  RED,
  { name: 'green', rgb: [45, 175, 60] },
  { name: 'blue', rgb: [40, 75, 215] },
  { name: 'yellow', rgb: [230, 205, 40] },
  { name: 'magenta', rgb: [205, 50, 190] },
  { name: 'cyan', rgb: [40, 195, 205] },
];
// Sixteen steps of noise: as grainy as a webcam in a lit room.
const NOISE_MASK = 15;
const NOISE_MIDDLE = 8;

function drawScene(data: Uint8Array, picture: TestPicture): void {
  const { widthPx, heightPx } = picture;
  const disc = discOf(picture);
  const [red, green, blue] = disc.rgb;
  const columns = shades(widthPx, (part) => 70 + 45 * Math.sin(part * 7) + 25 * part);
  const rows = shades(heightPx, (part) => 20 + 60 * part + 12 * Math.cos(part * 9));
  let noiseState = picture.seed | 1; // xorshift never leaves 0
  let at = 0;
  for (let y = 0; y < heightPx; y += 1) {
    const row = rows[y] ?? 0;
    const reach = Math.sqrt(Math.max(0, disc.radius ** 2 - (y - disc.y) ** 2));
    const from = Math.ceil(disc.x - reach);
    const to = Math.floor(disc.x + reach);
    for (let x = 0; x < widthPx; x += 1) {
      noiseState ^= noiseState << 13;
      noiseState ^= noiseState >>> 17;
      noiseState ^= noiseState << 5;
      const noise = (noiseState & NOISE_MASK) - NOISE_MIDDLE;
      // Shades and colours keep a distance of more than the noise from both ends of a byte: nothing wraps.
      if (x >= from && x <= to) {
        data[at] = red + noise;
        data[at + 1] = green + noise;
        data[at + 2] = blue + noise;
      } else {
        const light = (columns[x] ?? 0) + row + noise;
        data[at] = light;
        data[at + 1] = light;
        data[at + 2] = light + 8;
      }
      at += 3;
    }
  }
}

function shades(length: number, shade: (part: number) => number): Int32Array {
  return Int32Array.from({ length }, (_, index) => Math.round(shade(index / length)));
}

function discOf({ widthPx, heightPx, counter }: TestPicture): {
  x: number;
  y: number;
  radius: number;
  rgb: Rgb;
} {
  // Steps of the golden angle: the disc visits the whole picture and never stands where it just was.
  const angle = counter * 2.399963;
  return {
    x: widthPx * (0.5 + 0.3 * Math.cos(angle)),
    y: heightPx * (0.5 + 0.25 * Math.sin(angle)),
    radius: Math.min(widthPx, heightPx) * 0.24,
    rgb: testColour(counter).rgb,
  };
}

function drawCaptions(pixels: Pixels, { widthPx, heightPx, counter, time }: TestPicture): void {
  const timeText = time.toISOString().replace('T', ' ');
  const scale = Math.max(1, Math.floor((widthPx * 0.6) / textWidthPx(timeText)));
  const margin = scale * 4;
  drawText(pixels, { text: timeText, leftPx: margin, topPx: margin, scale });
  drawText(pixels, {
    text: `#${String(counter)}`,
    leftPx: margin,
    topPx: heightPx - margin - scale * 7,
    scale,
  });
}
