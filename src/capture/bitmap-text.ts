// Writes digits and the signs of a date into a picture with a font of five by seven dots; it knows no other letters.
import type { Pixels } from '../support/jpeg.ts';

export interface Caption {
  readonly text: string;
  readonly leftPx: number;
  readonly topPx: number;
  /** Pixels a dot. */
  readonly scale: number;
}

/** Width at scale 1. */
export function textWidthPx(text: string): number {
  return text.length * ADVANCE;
}

/** White on black boxes, so that it can be read on any picture; what lies outside the picture is left out. */
export function drawText(pixels: Pixels, { text, leftPx, topPx, scale }: Caption): void {
  for (let index = 0; index < text.length; index += 1) {
    const rows = GLYPHS[text.charAt(index)] ?? [];
    rows.forEach((bits, row) => {
      for (let column = 0; column < ADVANCE; column += 1) {
        const lit = ((bits >> (ADVANCE - 2 - column)) & 1) === 1;
        const dot = {
          leftPx: leftPx + (index * ADVANCE + column) * scale,
          topPx: topPx + row * scale,
          scale,
        };
        drawDot(pixels, dot, lit ? 250 : 12);
      }
    });
  }
}

const ADVANCE = 6; // five dots and a gap

// Rows from the top, the left dot in the highest of five bits.
const GLYPHS: Readonly<Record<string, readonly number[]>> = {
  ' ': [0, 0, 0, 0, 0, 0, 0],
  '0': [14, 17, 19, 21, 25, 17, 14],
  '1': [4, 12, 4, 4, 4, 4, 14],
  '2': [14, 17, 1, 2, 4, 8, 31],
  '3': [31, 2, 4, 2, 1, 17, 14],
  '4': [2, 6, 10, 18, 31, 2, 2],
  '5': [31, 16, 30, 1, 1, 17, 14],
  '6': [6, 8, 16, 30, 17, 17, 14],
  '7': [31, 1, 2, 4, 8, 8, 8],
  '8': [14, 17, 17, 14, 17, 17, 14],
  '9': [14, 17, 17, 15, 1, 2, 12],
  ':': [0, 4, 4, 0, 4, 4, 0],
  '.': [0, 0, 0, 0, 0, 12, 12],
  '-': [0, 0, 0, 31, 0, 0, 0],
  '#': [10, 10, 31, 10, 31, 10, 10],
  Z: [31, 1, 2, 4, 8, 16, 31],
};

function drawDot(pixels: Pixels, dot: Omit<Caption, 'text'>, value: number): void {
  const { data, widthPx, heightPx, channels } = pixels;
  const right = Math.min(dot.leftPx + dot.scale, widthPx);
  const bottom = Math.min(dot.topPx + dot.scale, heightPx);
  if (dot.leftPx < 0 || right <= dot.leftPx) return;
  for (let y = Math.max(dot.topPx, 0); y < bottom; y += 1) {
    data.fill(value, (y * widthPx + dot.leftPx) * channels, (y * widthPx + right) * channels);
  }
}
