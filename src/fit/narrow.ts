// How bytes fall with the width of a picture, at the lowest quality; arithmetic only.

/** How bytes fall with the width, at the lowest quality. */
export interface Narrow {
  /** At full width. */
  readonly lowestBytes: number;
  /** bytes ~ width ** exponent */
  readonly exponent: number;
}

export interface Seen {
  /** Of the full width. */
  readonly share: number;
  /** At the lowest quality. */
  readonly bytes: number;
}

// Fewer pixels hold more detail each, so bytes fall more slowly than the area.
export const BYTES_BY_WIDTH_EXPONENT = 1.7;

/** The width at which the lowest quality is expected to use the budget well; full width is `widthPx`. */
export function narrowerWidth(
  { lowestBytes, exponent }: Narrow,
  { widthPx, budgetBytes }: { widthPx: number; budgetBytes: number },
): number {
  return Math.floor(widthPx * ((budgetBytes * WIDTH_AIM_SHARE) / lowestBytes) ** (1 / exponent));
}

/** Two widths at the same quality show how this picture's bytes really fall. */
export function learnExponent(narrow: Narrow, { share, bytes }: Seen): Narrow {
  const exponent = Math.log(bytes / narrow.lowestBytes) / Math.log(share);
  return { ...narrow, exponent: Number.isFinite(exponent) ? clamp(exponent, 0.5, 3) : narrow.exponent };
}

/** Full width was not tried; what it would have had says whether the next picture goes back to it. */
export function relearnLowest(narrow: Narrow, { share, bytes }: Seen): Narrow {
  return { ...narrow, lowestBytes: bytes / share ** narrow.exponent };
}

// Narrower pictures are made to measure: near the budget, and as far from it as the law of the width errs.
const WIDTH_AIM_SHARE = 0.975;

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
