// Searches for the highest quality, and only then the width, whose encoding is within a budget. It never touches pixels.
import { carriedOver, learn, predict, type ByteCurve } from './byte-curve.ts';
import {
  BYTES_BY_WIDTH_EXPONENT,
  learnExponent,
  narrowerWidth,
  relearnLowest,
  type Narrow,
} from './narrow.ts';

export interface FitSearch {
  /** Gives the bytes of the picture at this quality and width. */
  readonly encode: (quality: number, widthPx: number) => Promise<Uint8Array>;
  readonly budgetBytes: number;
  readonly minQuality: number;
  readonly maxQuality: number;
  /** What is expected of this picture at full width before it was ever encoded. */
  readonly curve: ByteCurve;
  readonly coarsenessOf: (quality: number) => number;
  /** How wide the last picture like this one had to be; absent where full width did. */
  readonly narrow?: Narrow;
  readonly widthPx: number;
  /** Never undercut; a picture that is narrower already is never enlarged. */
  readonly minWidthPx: number;
}

export type FitSearchOutcome =
  | {
      readonly kind: 'fitted';
      readonly jpeg: Uint8Array;
      readonly quality: number;
      readonly widthPx: number;
      readonly encodes: number;
      /** What is now known of the picture at that width. */
      readonly curve: ByteCurve;
      readonly narrow?: Narrow;
    }
  | { readonly kind: 'unfit'; readonly smallestBytes: number; readonly encodes: number };

/** The dearest search: three at full width without a fit, three narrower ones, and raising the quality of the last. */
export const ENCODES_MAX = 10;

/**
 * Close enough is a picture that uses 95 % of the budget, or whose next better quality is expected not to fit: an
 * encode more would be for nothing.
 */
export async function fitToBudget(search: FitSearch): Promise<FitSearchOutcome> {
  const { widthPx, minWidthPx, narrow, budgetBytes, curve } = search;
  const state: State = { search, encodes: 0, smallestBytes: Infinity };
  // It would not fit at full width, as the last one did not: that need not be found out again.
  const known = narrow !== undefined && narrow.lowestBytes > budgetBytes && widthPx > minWidthPx;
  if (known) return searchWidth(state, { narrow, curve, learns: 'lowestBytes' });
  const attempt = await searchQuality(state, { widthPx, curve });
  if (attempt.best !== undefined) return fitted(state, { best: attempt.best, attempt, widthPx });
  const lowestBytes = attempt.lowestBytes ?? Infinity;
  return searchWidth(state, {
    narrow: { lowestBytes, exponent: narrow?.exponent ?? BYTES_BY_WIDTH_EXPONENT },
    ...{ curve: attempt.curve, learns: 'exponent' },
  });
}

const GOOD_SHARE = 0.95;
// A prediction errs by a percent or so; aiming a little below the budget saves more encodes than it costs bytes.
const AIM_SHARE = 0.995;
// Before this many encodes without a fit the lowest quality itself is tried: it says whether the width has to go down.
const ENCODES_ABOVE_MAX = 3;
const NARROWER_WIDTHS_MAX = 3;
interface State {
  readonly search: FitSearch;
  encodes: number;
  smallestBytes: number;
}

interface Encoded {
  readonly quality: number;
  readonly bytes: number;
  readonly jpeg: Uint8Array;
}

interface Attempt {
  readonly best?: Encoded;
  readonly curve: ByteCurve;
  /** At the lowest quality, where that was tried. */
  readonly lowestBytes?: number;
}

function fitted(
  { encodes }: State,
  found: { best: Encoded; attempt: Attempt; widthPx: number; narrow?: Narrow },
): FitSearchOutcome {
  const { best, attempt, ...others } = found;
  const { curve } = attempt;
  const { jpeg, quality } = best;
  return { kind: 'fitted', jpeg, quality, encodes, curve, ...others };
}

/** The widest that fits at the lowest quality, by the law of `narrow`, and its best quality. */
async function searchWidth(
  state: State,
  from: { narrow: Narrow; curve: ByteCurve; learns: keyof Narrow },
): Promise<FitSearchOutcome> {
  const { search } = state;
  const floorPx = Math.min(search.minWidthPx, search.widthPx);
  let { widthPx } = search;
  let { narrow, curve } = from;
  for (let step = 1; widthPx > floorPx; step += 1) {
    const wanted = step < NARROWER_WIDTHS_MAX ? narrowerWidth(narrow, search) : floorPx;
    widthPx = clamp(wanted, floorPx, widthPx - 1);
    const start = { widthPx, curve: carriedOver(curve), startQuality: search.minQuality };
    const attempt = await searchQuality(state, start);
    const seen = { share: widthPx / search.widthPx, bytes: attempt.lowestBytes ?? Infinity };
    narrow = from.learns === 'exponent' ? learnExponent(narrow, seen) : relearnLowest(narrow, seen);
    const { best } = attempt;
    if (best !== undefined) return fitted(state, { best, attempt, widthPx, narrow });
    ({ curve } = attempt);
  }
  return { kind: 'unfit', smallestBytes: state.smallestBytes, encodes: state.encodes };
}

/** The best that fits at one width, or no best where not even the lowest quality does. */
async function searchQuality(
  state: State,
  at: { widthPx: number; curve: ByteCurve; startQuality?: number },
): Promise<Attempt> {
  const { search } = state;
  const tried: Encoded[] = [];
  let { curve } = at;
  let quality = at.startQuality ?? nextQuality(search, curve, tried);
  while (quality !== undefined && state.encodes < ENCODES_MAX) {
    const jpeg = await search.encode(quality, at.widthPx);
    const bytes = jpeg.length;
    state.encodes += 1;
    state.smallestBytes = Math.min(state.smallestBytes, bytes);
    tried.push({ quality, bytes, jpeg });
    curve = learn(curve, { coarseness: search.coarsenessOf(quality), logBytes: logOf(bytes) });
    quality = nextQuality(search, curve, tried);
  }
  const best = bestOf(search, tried);
  const lowestBytes = tried.find((one) => one.quality === search.minQuality)?.bytes;
  return {
    curve,
    ...(best === undefined ? {} : { best }),
    ...(lowestBytes === undefined ? {} : { lowestBytes }),
  };
}

function bestOf(search: FitSearch, tried: readonly Encoded[]): Encoded | undefined {
  const fitting = tried.filter(({ bytes }) => bytes <= search.budgetBytes);
  return fitting.sort((a, b) => a.quality - b.quality).at(-1);
}

/** What to try between the best that fits and the least that does not; `undefined` when there is nothing left to gain. */
function nextQuality(search: FitSearch, curve: ByteCurve, tried: readonly Encoded[]): number | undefined {
  const { budgetBytes, minQuality, maxQuality, coarsenessOf } = search;
  const best = bestOf(search, tried);
  if (best !== undefined && best.bytes >= budgetBytes * GOOD_SHARE) return undefined;
  const tooMuch = tried.filter(({ bytes }) => bytes > budgetBytes).map((one) => one.quality);
  const low = best === undefined ? minQuality : best.quality + 1;
  const high = Math.min(maxQuality, ...tooMuch.map((quality) => quality - 1));
  if (low > high) return undefined;
  if (best === undefined && tried.length + 1 >= ENCODES_ABOVE_MAX) return minQuality;
  const aim = logOf(budgetBytes * AIM_SHARE);
  for (let quality = high; quality >= low; quality -= 1) {
    if (predict(curve, coarsenessOf(quality)) <= aim) return quality;
  }
  return best === undefined ? minQuality : undefined;
}

function logOf(bytes: number): number {
  return Math.log(Math.max(bytes, 1));
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
