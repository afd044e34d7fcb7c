// Photographs as a webcam would give them, made from those of Debian packages; fetched afresh, kept nowhere.
import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { runChild } from '../../test/helpers/child.ts';
import type { Scope } from '../../test/helpers/scope.ts';
import { FRAME_BYTES_MAX } from '../../src/capture/driver.ts';
import type { Frame } from '../../src/domain.ts';

export interface Photograph {
  readonly name: string;
  /** One scene, a moment later each: another noise of the sensor, a pixel or two of shake. */
  readonly frames: readonly Frame[];
}

export interface FrameSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface PhotographSet {
  readonly name: string;
  /** Of up to twelve JPEGs. */
  readonly paths: readonly string[];
  readonly chroma: Chroma;
}

/** 4:2:2 is what most USB webcams give: here by ffmpeg, with tables that are not libjpeg's. */
export type Chroma = '4:2:0' | '4:2:2' | '4:4:4';

/**
 * The twelve on which the constants of src/fit were fitted, and twelve that were not looked at for them; each set from a
 * Debian package that apt-get downloads. SHUTTERD_BENCH_PHOTOGRAPHS names a folder of others instead.
 */
export async function findPhotographs(scope: Scope): Promise<readonly PhotographSet[]> {
  const own = process.env['SHUTTERD_BENCH_PHOTOGRAPHS'];
  if (own !== undefined) return inBothChromas('own', await photographsIn(own));
  const sets: PhotographSet[] = [];
  for (const { name, packageName, under } of PACKAGES) {
    const folder = join(await unpackedPackage(scope, packageName), under);
    sets.push(...inBothChromas(name, await photographsIn(folder)));
  }
  return sets;
}

export async function photographed(
  path: string,
  options: FrameSize & { shots: number; seed: number; chroma?: Chroma },
): Promise<Photograph> {
  const { widthPx, heightPx, shots, seed, chroma = '4:2:0' } = options;
  const canvas = await sharp(path)
    .resize(widthPx + SHAKE_PX, heightPx + SHAKE_PX, { fit: 'cover' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer();
  const frames: Frame[] = [];
  for (let shot = 0; shot < shots; shot += 1) {
    const data = exposed(canvas, { widthPx, heightPx, shot, seed });
    const jpeg = await coded(data, { widthPx, heightPx, chroma, seed });
    frames.push({ jpeg, widthPx, heightPx, capturedAt: new Date(0) });
  }
  return { name: path.split('/').at(-1) ?? path, frames };
}

const PACKAGES = [
  { name: 'fitted on', packageName: 'mate-backgrounds', under: 'usr/share/backgrounds/mate/nature' },
  { name: 'held out', packageName: 'lomiri-wallpapers-16.04', under: 'usr/share/backgrounds' },
];
const PHOTOGRAPHS_MAX = 12;
const SHAKE_PX = 4;
const NOISE = 3; // of 256 levels, at most: a webcam in good light

async function photographsIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => /\.jpe?g$/i.test(name)).sort();
  if (names.length === 0) throw new Error(`Cannot measure fit: ${folder} holds 0 JPEGs, 1 to 12 are needed`);
  return names.slice(0, PHOTOGRAPHS_MAX).map((name) => join(folder, name));
}

function inBothChromas(name: string, paths: readonly string[]): readonly PhotographSet[] {
  return [
    { name, paths, chroma: '4:2:0' },
    { name: `${name}, 4:2:2`, paths, chroma: '4:2:2' },
  ];
}

/** With the Huffman tables of the standard, as webcams do. */
async function coded(
  data: Uint8Array,
  { widthPx, heightPx, chroma, seed }: FrameSize & { chroma: Chroma; seed: number },
): Promise<Uint8Array> {
  if (chroma === '4:2:2') {
    const size = `${String(widthPx)}x${String(heightPx)}`;
    const input = ['-loglevel', 'error', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', size, '-i', '-'];
    const quality = ['-pix_fmt', 'yuvj422p', '-huffman', 'default', '-q:v', String(2 + (seed % 2))];
    const output = [...quality, '-frames:v', '1', '-f', 'mjpeg', '-'];
    return execFileSync('ffmpeg', [...input, ...output], { input: data, maxBuffer: FRAME_BYTES_MAX });
  }
  return sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } })
    .jpeg({ quality: 90 + (seed % 6), chromaSubsampling: chroma, optimiseCoding: false })
    .toBuffer();
}

async function unpackedPackage(scope: Scope, name: string): Promise<string> {
  const folder = await scope.folder();
  const remedy = `run apt-get update as root, or name a folder of photographs in SHUTTERD_BENCH_PHOTOGRAPHS`;
  const download = { file: 'apt-get', args: ['--quiet', 'download', name], cwd: folder };
  const fetched = await runChild(scope, download).catch((error: unknown) => {
    throw new Error(`Cannot fetch package ${name}: there is no apt-get here, ${remedy}`, { cause: error });
  });
  const archive = (await readdir(folder)).find((file) => file.endsWith('.deb'));
  if (fetched.code !== 0 || archive === undefined) {
    throw new Error(`Cannot fetch package ${name}: ${fetched.err.trim()}, ${remedy}`);
  }
  const unpack = { file: 'dpkg-deb', args: ['--extract', archive, 'unpacked'], cwd: folder };
  const unpacked = await runChild(scope, unpack);
  if (unpacked.code !== 0)
    throw new Error(`Cannot unpack ${archive}: ${unpacked.err.trim()}, a package is needed`);
  return join(folder, 'unpacked');
}

function exposed(
  canvas: Uint8Array,
  { widthPx, heightPx, shot, seed }: FrameSize & { shot: number; seed: number },
): Uint8Array {
  const random = generator(seed * 1000 + shot);
  const [left, top] = [shot % (SHAKE_PX - 1), (shot * 2) % (SHAKE_PX - 1)];
  const data = new Uint8Array(widthPx * heightPx * 3);
  for (let y = 0; y < heightPx; y += 1) {
    const from = ((y + top) * (widthPx + SHAKE_PX) + left) * 3;
    for (let at = 0; at < widthPx * 3; at += 1) {
      const level = (canvas[from + at] ?? 0) + (random() + random() - 1) * NOISE;
      data[y * widthPx * 3 + at] = Math.max(0, Math.min(255, Math.round(level)));
    }
  }
  return data;
}

/** A linear congruential generator (Numerical Recipes), 0 to 1: the noise must be the same on every machine. */
function generator(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
