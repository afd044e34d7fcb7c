// A picture whose JPEG behaves like that of a photograph: large soft shapes, finer detail ever fainter, and grain.
import type { Pixels } from '../../src/support/jpeg.ts';

const COARSEST_PX = 320;
const GRAIN = 8; // of 256 levels: a webcam indoors
const CONTRAST = 110;

/** Repeatable: the same `shot` gives the same picture; another one is the same scene with other grain. */
export function photoLike(options: { widthPx: number; heightPx: number; shot: number }): Pixels {
  const { widthPx, heightPx, shot } = options;
  const light = detail(options);
  const random = generator(shot);
  const data = new Uint8Array(widthPx * heightPx * 3);
  for (let pixel = 0; pixel < widthPx * heightPx; pixel += 1) {
    const level = 128 + (light[pixel] ?? 0) * CONTRAST;
    for (let channel = 0; channel < 3; channel += 1) {
      const tint = (light[(pixel + channel * COARSEST_PX) % light.length] ?? 0) * 30;
      data[pixel * 3 + channel] = clamp(level + tint + (random() - 0.5) * GRAIN);
    }
  }
  return { data, widthPx, heightPx, channels: 3 };
}

/** Noise in octaves: half the size, 0.6 of the strength. Photographs have about such a spectrum. */
function detail({ widthPx, heightPx }: { widthPx: number; heightPx: number }): Float32Array {
  const sum = new Float32Array(widthPx * heightPx);
  let strength = 0.5;
  for (let cellPx = COARSEST_PX; cellPx >= 2; cellPx /= 2, strength *= 0.6) {
    const lattice = latticeOf(Math.ceil(widthPx / cellPx) + 2, Math.ceil(heightPx / cellPx) + 2, cellPx);
    for (let y = 0; y < heightPx; y += 1) {
      for (let x = 0; x < widthPx; x += 1) {
        const at = y * widthPx + x;
        sum[at] = (sum[at] ?? 0) + strength * lattice(x / cellPx, y / cellPx);
      }
    }
  }
  return sum;
}

/** Values in -1..1 at whole coordinates, and smooth steps in between. */
function latticeOf(columns: number, lines: number, seed: number): (x: number, y: number) => number {
  const random = generator(seed);
  const values = Float32Array.from({ length: columns * lines }, () => random() * 2 - 1);
  const value = (column: number, line: number): number => values[line * columns + column] ?? 0;
  return (x, y) => {
    const [column, line] = [Math.floor(x), Math.floor(y)];
    const [across, down] = [smooth(x - column), smooth(y - line)];
    const above = mix(value(column, line), value(column + 1, line), across);
    const below = mix(value(column, line + 1), value(column + 1, line + 1), across);
    return mix(above, below, down);
  };
}

const mix = (from: number, to: number, share: number): number => from + (to - from) * share;
const smooth = (share: number): number => share * share * (3 - 2 * share);
const clamp = (level: number): number => Math.max(0, Math.min(255, Math.round(level)));

/** A linear congruential generator (Numerical Recipes), 0 to 1: the picture must be the same on every machine. */
function generator(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
