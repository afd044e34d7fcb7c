// Searches for the highest quality, and only then the width, whose encoding is within a budget. It never touches pixels.

export interface FitSearch {
  /** Gives the bytes of the picture at this quality and width. */
  readonly encode: (quality: number, widthPx: number) => Promise<Uint8Array>;
  readonly budgetBytes: number;
  readonly minQuality: number;
  readonly maxQuality: number;
  /** What the last frame needed, or `maxQuality`. */
  readonly startQuality: number;
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
    }
  | { readonly kind: 'unfit'; readonly smallestBytes: number; readonly encodes: number };

/** The dearest search: four at full width, three narrower ones, three to raise the quality again. */
export const ENCODES_MAX = 10;

/**
 * Close enough is a picture that uses 95 % of the budget: the last quality steps cost an encode each and nobody sees
 * them. Over the coarseness of the quantiser, bytes lie close to a straight line on two logarithmic scales, and the search
 * steps along it.
 */
export async function fitToBudget(search: FitSearch): Promise<FitSearchOutcome> {
  const state: State = { search, encodes: 0, smallestBytes: Infinity };
  let widthPx = search.widthPx;
  let fitting = await searchQuality(state, widthPx, search.startQuality);
  const floorPx = Math.min(search.minWidthPx, search.widthPx);
  let narrower: Narrower = {
    widthPx,
    bytes: state.lowestBytes ?? Infinity,
    exponent: BYTES_BY_WIDTH_EXPONENT,
  };
  for (let step = 1; fitting === undefined && widthPx > floorPx; step += 1) {
    widthPx = step < NARROWER_WIDTHS_MAX ? narrowerWidth(narrower, search.budgetBytes, floorPx) : floorPx;
    fitting = await searchQuality(state, widthPx, search.minQuality);
    narrower = learnExponent(narrower, widthPx, state.lowestBytes ?? Infinity);
  }
  const { encodes, smallestBytes } = state;
  if (fitting === undefined) return { kind: 'unfit', smallestBytes, encodes };
  return { kind: 'fitted', jpeg: fitting.jpeg, quality: fitting.quality, widthPx, encodes };
}

const GOOD_SHARE = 0.95;
const AIM_SHARE = 0.975; // the middle of what is good enough
// How log(bytes) falls as log(coarseness) rises: between a smooth photograph and a grainy one. Only the first guess uses it.
const LOG_BYTES_BY_COARSENESS = -0.9;
// Before this many encodes without a fit the lowest quality itself is tried: it says whether the width has to go down.
const ENCODES_ABOVE_MAX = 3;
const NARROWER_WIDTHS_MAX = 3;
// Fewer pixels hold more detail each, so bytes fall more slowly than the area.
const BYTES_BY_WIDTH_EXPONENT = 1.7;

interface State {
  readonly search: FitSearch;
  encodes: number;
  smallestBytes: number;
  /** At the lowest quality and the width just tried. */
  lowestBytes?: number;
}

interface Point {
  readonly quality: number;
  readonly bytes: number;
}

type Encoded = Point & { readonly jpeg: Uint8Array };

interface Narrower {
  readonly widthPx: number;
  readonly bytes: number;
  readonly exponent: number;
}

/** The best that fits at one width, or nothing where not even the lowest quality does. */
async function searchQuality(state: State, widthPx: number, start: number): Promise<Encoded | undefined> {
  const { search } = state;
  let below: Encoded | undefined;
  let above: Point | undefined;
  let quality: number | undefined = clamp(start, search.minQuality, search.maxQuality);
  for (let tries = 1; quality !== undefined && state.encodes < ENCODES_MAX; tries += 1) {
    const jpeg = await search.encode(quality, widthPx);
    const point = { quality, bytes: jpeg.length, jpeg };
    note(state, point);
    if (jpeg.length <= search.budgetBytes) below = point;
    else above = point;
    quality = nextQuality({ search, below, above, tries });
  }
  return below;
}

function note(state: State, point: Point): void {
  state.encodes += 1;
  state.smallestBytes = Math.min(state.smallestBytes, point.bytes);
  if (point.quality === state.search.minQuality) state.lowestBytes = point.bytes;
}

/** What to try between the best that fits and the least that does not; `undefined` when there is nothing left to gain. */
function nextQuality(at: {
  search: FitSearch;
  below: Point | undefined;
  above: Point | undefined;
  tries: number;
}): number | undefined {
  const { search, below, above, tries } = at;
  const low = below === undefined ? search.minQuality : below.quality + 1;
  const high = above === undefined ? search.maxQuality : above.quality - 1;
  if (low > high) return undefined;
  if (below !== undefined && below.bytes >= search.budgetBytes * GOOD_SHARE) return undefined;
  if (below === undefined && tries >= ENCODES_ABOVE_MAX) return search.minQuality;
  // The line can creep along one side of a bent curve; every fourth step halves the bracket instead.
  if (below !== undefined && above !== undefined && tries % 4 === 0) return Math.floor((low + high) / 2);
  return clamp(Math.round(onLine(search.budgetBytes, below, above)), low, high);
}

/** The quality at which the line through the known points meets the aim. */
function onLine(budgetBytes: number, below: Point | undefined, above: Point | undefined): number {
  const from = below ?? above;
  if (from === undefined) throw new TypeError('Cannot guess a quality: nothing was encoded yet');
  const slope =
    below !== undefined && above !== undefined
      ? (logBytes(above.bytes) - logBytes(below.bytes)) /
        (logCoarseness(above.quality) - logCoarseness(below.quality))
      : LOG_BYTES_BY_COARSENESS;
  const change = (logBytes(budgetBytes * AIM_SHARE) - logBytes(from.bytes)) / slope;
  return qualityOf(Math.exp(logCoarseness(from.quality) + change));
}

/** How coarsely libjpeg quantises, in percent of its standard tables (jpeg_quality_scaling in libjpeg's jcparam.c). */
function logCoarseness(quality: number): number {
  return Math.log(quality < 50 ? 5000 / quality : Math.max(200 - 2 * quality, 1));
}

function qualityOf(coarseness: number): number {
  return coarseness > 100 ? 5000 / coarseness : (200 - coarseness) / 2;
}

function logBytes(bytes: number): number {
  return Math.log(Math.max(bytes, 1));
}

function narrowerWidth(from: Narrower, budgetBytes: number, floorPx: number): number {
  const scale = ((budgetBytes * AIM_SHARE) / from.bytes) ** (1 / from.exponent);
  return clamp(Math.floor(from.widthPx * scale), floorPx, from.widthPx - 1);
}

/** Two widths at the same quality show how this picture's bytes really fall. */
function learnExponent(from: Narrower, widthPx: number, bytes: number): Narrower {
  const seen = Math.log(from.bytes / bytes) / Math.log(from.widthPx / widthPx);
  const exponent = Number.isFinite(seen) ? clamp(seen, 0.5, 3) : from.exponent;
  return { widthPx, bytes, exponent };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
