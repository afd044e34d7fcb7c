// What many fits, and one of a huge frame, take of memory; each in a process of its own.
import { saveFrames } from './fit-frames.ts';
import { runMeasured } from './fit-process.ts';
import { row, type Bench, type Row } from './rows.ts';

const FITS = { quick: 200, full: 2000 };
const SHOTS = 4;

/** Megabytes of 1,000,000 bytes; what `fit-many` prints. */
export interface Memory {
  readonly growth: number;
  readonly peak: number;
}

export async function measureFitMemory(bench: Bench, paths: readonly string[]): Promise<readonly Row[]> {
  const folder = await bench.scope.folder();
  const [photograph = ''] = paths;
  const run = async (fits: number, widthPx: number, heightPx: number): Promise<Memory> => {
    const shots = fits === 1 ? 1 : SHOTS;
    const files = await saveFrames(photograph, { folder, shots, widthPx, heightPx });
    return (await runMeasured(bench, 'fit-many', [String(fits), ...files])) as Memory;
  };
  const fits = FITS[bench.rounds];
  const many = await run(fits, 1920, 1080);
  const huge = await run(1, 4000, 3000);
  const largest = await run(1, 8000, 6000);
  return [
    row(`fit: memory growth over ${String(fits)} fits, 1080p`, 'MB', [many.growth]),
    row('fit: most memory above rest, 1080p', 'MB', [many.peak]),
    row('fit: most memory above rest, one frame of 12 megapixels', 'MB', [huge.peak]),
    row('fit: most memory above rest, one frame of 48 megapixels', 'MB', [largest.peak]),
  ];
}
