// What many fits, and one of a huge frame, take of memory; each in a process of its own.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from '../../test/helpers/child.ts';
import { unitEnvironment } from '../../test/helpers/unit-environment.ts';
import { photographed } from './fit-photographs.ts';
import { row, type Bench, type Row } from './rows.ts';

const FITS = { quick: 200, full: 2000 };
const SHOTS = 4;
const CHILD_MS_MAX = 900_000;

export async function measureFitMemory(bench: Bench, paths: readonly string[]): Promise<readonly Row[]> {
  const { scope, rounds, say } = bench;
  const folder = await scope.folder();
  const [path = ''] = paths;
  const save = async (widthPx: number, heightPx: number, shots: number): Promise<string[]> => {
    const { frames } = await photographed(path, { widthPx, heightPx, shots, seed: 0 });
    const files = frames.map((_, at) => join(folder, `${String(widthPx)}-${String(at)}.jpg`));
    for (const [at, file] of files.entries()) await writeFile(file, frames[at]?.jpeg ?? new Uint8Array());
    return files;
  };
  const run = async (fits: number, files: readonly string[]): Promise<Memory> => {
    say(`fit: memory of ${String(fits)} fits`);
    const script = fileURLToPath(new URL('fit-many.js', import.meta.url));
    const args = ['--expose-gc', script, String(fits), ...files];
    // With Node's own 16 MB, the young generation grows by some 15 MB over thousands of fits: that looks like a leak.
    const env = { PATH: process.env['PATH'] ?? '', ...unitEnvironment() };
    const child = startChild(scope, { file: process.execPath, args, env });
    child.lines.onAdded = (line) => {
      say(`fit: memory, ${line}`);
    };
    const killed = setTimeout(() => {
      child.signal('SIGKILL');
    }, CHILD_MS_MAX);
    const { code, signal } = await child.ended;
    clearTimeout(killed);
    if (code === 0) return JSON.parse(child.lines.all.at(-1) ?? '') as Memory;
    const said = child.errors.all.join('\n');
    throw new Error(`Cannot measure the memory of fit: it ended with ${String(code ?? signal)}, ${said}`);
  };
  const many = await run(FITS[rounds], await save(1920, 1080, SHOTS));
  const huge = await run(1, await save(4000, 3000, 1));
  const largest = await run(1, await save(8000, 6000, 1));
  return [
    row(`fit: memory growth over ${String(FITS[rounds])} fits, 1080p`, 'MB', [many.growth]),
    row('fit: most memory above rest, 1080p', 'MB', [many.peak]),
    row('fit: most memory above rest, one frame of 12 megapixels', 'MB', [huge.peak]),
    row('fit: most memory above rest, one frame of 48 megapixels', 'MB', [largest.peak]),
  ];
}

/** Megabytes of 1,000,000 bytes; what `fit-many` prints. */
export interface Memory {
  readonly growth: number;
  readonly peak: number;
}
