// Frames for the processes that are measured apart: saved by the bench, read back by them. It fits nothing.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Frame } from '../../src/domain.ts';
import { readJpegStructure } from '../../src/support/jpeg-structure.ts';
import { photographed, type FrameSize } from './fit-photographs.ts';

/** Paths of so many shots of one photograph. */
export async function saveFrames(
  photograph: string,
  { folder, shots, ...size }: FrameSize & { folder: string; shots: number },
): Promise<readonly string[]> {
  const { frames } = await photographed(photograph, { ...size, shots, seed: 0 });
  const paths = frames.map((_, at) => join(folder, `${String(size.widthPx)}-${String(at)}.jpg`));
  for (const [at, { jpeg }] of frames.entries()) await writeFile(paths[at] ?? '', jpeg);
  return paths;
}

export async function readFrame(path: string): Promise<Frame> {
  const jpeg = await readFile(path);
  const structure = readJpegStructure(jpeg);
  if (structure.kind === 'broken') throw new Error(`Cannot use ${path}: ${structure.detail}`);
  return { jpeg, widthPx: structure.widthPx, heightPx: structure.heightPx, capturedAt: new Date(0) };
}
