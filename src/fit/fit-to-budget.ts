// Searches for the highest quality, and only then the width, whose encoding is within a budget. It never touches pixels.
import { carriedOver, type ByteCurve } from './byte-curve.ts';
import {
  BYTES_BY_WIDTH_EXPONENT,
  learnExponent,
  narrowerWidth,
  relearnLowest,
  type Narrow,
} from './narrow.ts';
import {
  bestOf,
  encodeAt,
  lowestBytesOf,
  searchQuality,
  type QualitySearch,
  type Spent,
  type Trial,
} from './search-quality.ts';

export interface FitSearch extends QualitySearch {
  /** What is expected of this picture at full width before it was ever encoded. */
  readonly curve: ByteCurve;
  /** How wide the last picture like this one had to be; absent where full width did. */
  readonly narrow?: Narrow;
  readonly widthPx: number;
  /** Never undercut; a picture that is narrower already is never enlarged. */
  readonly minWidthPx: number;
}

export type FitSearchOutcome =
  Fitted | { readonly kind: 'unfit'; readonly smallestBytes: number; readonly encodes: number };

export interface Fitted {
  readonly kind: 'fitted';
  readonly jpeg: Uint8Array;
  readonly quality: number;
  readonly widthPx: number;
  readonly encodes: number;
  /** What is now known of the picture at that width. */
  readonly curve: ByteCurve;
  readonly narrow?: Narrow;
}

/**
 * Close enough is a picture that uses 92 % of the budget, or whose next better quality is expected not to fit: an
 * encode more would be for little or nothing.
 */
export async function fitToBudget(search: FitSearch): Promise<FitSearchOutcome> {
  const { widthPx, minWidthPx, narrow, budgetBytes, curve } = search;
  const spent: Spent = { encodes: 0, smallestBytes: Infinity };
  // It would not fit at full width, as the last one did not: that need not be found out again.
  const known = narrow !== undefined && narrow.lowestBytes > budgetBytes && widthPx > minWidthPx;
  if (known) return searchWidth(search, spent, { narrow, curve, learns: 'lowestBytes' });
  const trial = await searchQuality(search, spent, { widthPx, curve, tried: [] });
  const found = fitted(search, spent, trial);
  if (found !== undefined) return found;
  const lowestBytes = lowestBytesOf(search, trial);
  return searchWidth(search, spent, {
    narrow: { lowestBytes, exponent: narrow?.exponent ?? BYTES_BY_WIDTH_EXPONENT },
    ...{ curve: trial.curve, learns: 'exponent' },
  });
}

const NARROWER_WIDTHS_MAX = 3;
// Some pictures lose their bytes much faster than the usual exponent says: grain goes where pixels are averaged. The
// two widths measured by then say how fast, and a third one ends closer: 862 px at quality 42 instead of 638 px at 79
// for noise of 1280 x 720, in four encodes instead of three.
const WIDER_BELOW_SHARE = 0.75;

interface Known {
  readonly narrow: Narrow;
  readonly curve: ByteCurve;
  /** Full width was tried, or is what the narrower ones are to tell about. */
  readonly learns: keyof Narrow;
}

/** One width at the lowest quality, and what is known after it. */
interface Lowest {
  readonly trial: Trial;
  readonly bytes: number;
  readonly known: Known;
}

function fitted(search: FitSearch, { encodes }: Spent, trial: Trial): Fitted | undefined {
  const best = bestOf(search, trial);
  if (best === undefined) return undefined;
  const { widthPx, curve } = trial;
  const { jpeg, quality } = best;
  return { kind: 'fitted', jpeg, quality, widthPx, encodes, curve };
}

/** The widest that fits at the lowest quality, by the law of `narrow`, and its best quality. */
async function searchWidth(search: FitSearch, spent: Spent, from: Known): Promise<FitSearchOutcome> {
  const floorPx = Math.min(search.minWidthPx, search.widthPx);
  let { widthPx } = search;
  let known = from;
  for (let step = 1; widthPx > floorPx; step += 1) {
    const wanted = step < NARROWER_WIDTHS_MAX ? narrowerWidth(known.narrow, search) : floorPx;
    widthPx = clamp(wanted, floorPx, widthPx - 1);
    const lowest = await lowestAt({ search, spent }, known, widthPx);
    ({ known } = lowest);
    if (lowest.bytes > search.budgetBytes) continue;
    const wider = await widened({ search, spent }, lowest);
    const trial = await searchQuality(search, spent, wider.trial);
    const found = fitted(search, spent, trial);
    if (found !== undefined) return { ...found, narrow: wider.known.narrow };
  }
  const { smallestBytes, encodes } = spent;
  return { kind: 'unfit', smallestBytes, encodes };
}

async function lowestAt(
  at: { search: FitSearch; spent: Spent },
  { narrow, curve, learns }: Known,
  widthPx: number,
): Promise<Lowest> {
  const { search } = at;
  const start = { widthPx, curve: carriedOver(curve), tried: [] };
  const trial = await encodeAt(at, start, search.minQuality);
  const bytes = lowestBytesOf(search, trial);
  const seen = { share: widthPx / search.widthPx, bytes };
  const learnt = learns === 'exponent' ? learnExponent(narrow, seen) : relearnLowest(narrow, seen);
  return { trial, bytes, known: { narrow: learnt, curve: trial.curve, learns } };
}

/** One wider try where much of the budget is left; the narrower one where that does not fit. */
async function widened(at: { search: FitSearch; spent: Spent }, narrower: Lowest): Promise<Lowest> {
  const { search } = at;
  const { trial, bytes, known } = narrower;
  if (bytes >= search.budgetBytes * WIDER_BELOW_SHARE) return narrower;
  const widthPx = Math.min(narrowerWidth(known.narrow, search), search.widthPx);
  if (widthPx <= trial.widthPx) return narrower;
  const wider = await lowestAt(at, known, widthPx);
  return wider.bytes <= search.budgetBytes ? wider : { ...narrower, known: wider.known };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
