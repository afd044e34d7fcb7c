// How long a fit keeps the event loop from everything else: the longest turn of the main thread, by its processor time.
import { saveFrames } from './fit-frames.ts';
import { runMeasured } from './fit-process.ts';
import { row, type Bench, type Row } from './rows.ts';

const FITS = { quick: 2, full: 10 };
const SIZES = [
  { widthPx: 1280, heightPx: 720 },
  { widthPx: 1920, heightPx: 1080 },
  { widthPx: 4000, heightPx: 3000 },
  { widthPx: 8000, heightPx: 6000 },
];

/** Milliseconds, of each fit the longest; what `fit-turns` prints. */
export interface Turns {
  readonly longestMs: readonly number[];
}

export async function measureMainThread(bench: Bench, paths: readonly string[]): Promise<readonly Row[]> {
  const folder = await bench.scope.folder();
  const [photograph = ''] = paths;
  const rows: Row[] = [];
  for (const size of SIZES) {
    const files = await saveFrames(photograph, { folder, shots: 1, ...size });
    const { longestMs } = (await runMeasured(bench, 'fit-turns', [
      String(FITS[bench.rounds]),
      ...files,
    ])) as Turns;
    const what = `fit ${String(size.widthPx)} x ${String(size.heightPx)}: longest turn of the main thread`;
    rows.push(row(what, 'CPU ms', longestMs), row(`${what}, most`, 'CPU ms', [Math.max(...longestMs)]));
  }
  return rows;
}
