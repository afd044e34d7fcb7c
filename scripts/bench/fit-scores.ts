// Lets the ways to fit meet on the same frames; compares them on those that all of them fitted, and counts the rest as well.
import type { Frame } from '../../src/domain.ts';
import { createJpegCodec } from '../../src/support/jpeg.ts';
import {
  binarySearch,
  decodeAndEncode,
  fixedSteps,
  ours,
  SETTINGS,
  type Fitted,
  type Way,
} from './fit-contest.ts';
import { ssim } from './fit-likeness.ts';
import { row, timed, type Row } from './rows.ts';

export interface Contest {
  readonly budgetOf: (frame: Frame) => number;
  /** How often each fit is timed. */
  readonly times: number;
}

export type Scores = Record<'cold' | 'warm' | 'steps' | 'binary', Score>;

export function newScores(): Scores {
  return { cold: newScore(), warm: newScore(), steps: newScore(), binary: newScore() };
}

/** The frames of one scene: the first is fitted in every way, the later ones by ours, which has seen those before. */
export async function compare(scores: Scores, frames: readonly Frame[], contest: Contest): Promise<void> {
  const codec = createJpegCodec();
  const [first, ...later] = frames;
  if (first === undefined || first.jpeg.length <= contest.budgetOf(first)) return; // it would be passed through
  const runs = {
    cold: [await run(first, () => ours(codec), contest)],
    steps: [await run(first, () => fixedSteps(codec), contest)],
    binary: [await run(first, () => binarySearch(codec), contest)],
    warm: [] as (Run | undefined)[],
  };
  for (const [at, frame] of later.entries()) {
    const before = frames.slice(0, at + 1);
    const ways: Way[] = [];
    while (ways.length < contest.times) ways.push(await warmedUp(before, contest));
    runs.warm.push(await run(frame, () => ways.pop() ?? ours(codec), contest));
  }
  const common = Object.values(runs).every((of) => of.every((one) => one !== undefined));
  for (const name of ['cold', 'warm', 'steps', 'binary'] as const) {
    for (const one of runs[name]) await note(scores[name], one, common);
  }
}

export function rowsOf(name: string, score: Score): readonly Row[] {
  const { shares, encodes, times, likeness, every, pictures } = score;
  return [
    row(`${name}: pictures fitted, of ${String(pictures)}`, 'pictures', [every.encodes.length]),
    row(`${name}: of all it fitted, share of the budget, mean`, '%', [mean(every.shares)]),
    row(`${name}: of all it fitted, encodes, mean`, 'encodes', [mean(every.encodes)]),
    row(`${name}: share of the budget, mean`, '%', [mean(shares)]),
    row(`${name}: share of the budget, most`, '%', [Math.max(...shares)]),
    row(`${name}: encodes, mean`, 'encodes', [mean(encodes)]),
    row(`${name}: encodes`, 'encodes', encodes),
    row(`${name}: time against one decode + one encode, mean`, 'times', [mean(times)]),
    row(`${name}: time against one decode + one encode`, 'times', times),
    row(`${name}: likeness to the frame, mean`, 'SSIM', [mean(likeness)]),
  ];
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

interface Score {
  /** Where the quality ended below the highest. */
  readonly shares: number[];
  readonly encodes: number[];
  /** Against one decode and one encode of the same frame; the median where it is timed more than once. */
  readonly times: number[];
  readonly likeness: number[];
  /** Also of the pictures that another way did not fit: those that have to go narrower, mostly. */
  readonly every: { readonly shares: number[]; readonly encodes: number[] };
  pictures: number;
}

function newScore(): Score {
  return {
    shares: [],
    encodes: [],
    times: [],
    likeness: [],
    every: { shares: [], encodes: [] },
    pictures: 0,
  };
}

interface Run {
  readonly frame: Frame;
  readonly found: Fitted;
  readonly share: number;
  readonly time: number;
}

/** Nothing where this way does not fit the frame. */
async function run(frame: Frame, way: () => Way, contest: Contest): Promise<Run | undefined> {
  const codec = createJpegCodec();
  const budgetBytes = contest.budgetOf(frame);
  const ratios: number[] = [];
  let found: Fitted | undefined;
  while (ratios.length < contest.times) {
    const fitting = way();
    const ms = await timed(async () => (found = await fitting(frame, budgetBytes)));
    if (found === undefined) return undefined;
    const { quality = SETTINGS.maxQuality } = found;
    ratios.push(ms / (await timed(() => decodeAndEncode(codec, frame, quality))));
  }
  if (found === undefined) return undefined;
  return { frame, found, share: (100 * found.jpeg.length) / budgetBytes, time: row('', 'times', ratios).p50 };
}

/** Ours after the frames that came before. */
async function warmedUp(before: readonly Frame[], { budgetOf }: Contest): Promise<Way> {
  const way = ours();
  for (const frame of before) await way(frame, budgetOf(frame));
  return way;
}

async function note(score: Score, run: Run | undefined, common: boolean): Promise<void> {
  score.pictures += 1;
  if (run === undefined) return;
  const { frame, found, share, time } = run;
  const isBelowHighest = (found.quality ?? SETTINGS.maxQuality) < SETTINGS.maxQuality;
  score.every.encodes.push(found.encodes);
  if (isBelowHighest) score.every.shares.push(share);
  if (!common) return;
  score.times.push(time);
  score.encodes.push(found.encodes);
  score.likeness.push(await ssim(frame.jpeg, found.jpeg));
  if (isBelowHighest) score.shares.push(share);
}
