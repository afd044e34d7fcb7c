// Pictures as formulas: how many bytes they would have at a quality and a width, and the search over them.
import type { ByteCurve } from '../../src/fit/byte-curve.ts';
import { coarseness, tableOfQuality } from '../../src/fit/coarseness.ts';
import { fitToBudget, type FitSearch, type FitSearchOutcome } from '../../src/fit/fit-to-budget.ts';

export type Model = (quality: number, widthPx: number) => number;

export const FULL_PX = 1280;

/** The curve through one guess, such as a camera's own bytes give. */
export function expecting(quality: number, bytes: number): ByteCurve {
  const point = {
    coarseness: coarseness(tableOfQuality(quality)),
    logBytes: Math.log(bytes),
    origin: 'guess' as const,
  };
  return { points: [point], slope: -0.95 };
}

/** Like a photograph: bytes fall by a power of the coarseness, and of the width. */
export function photo(bytesAt90: number, steepness: number): Model {
  const above90 = (quality: number): number => coarsenessOf(quality) - coarsenessOf(90);
  return (quality, widthPx) =>
    600 + bytesAt90 * Math.exp(-steepness * above90(quality)) * (widthPx / FULL_PX) ** 1.7;
}

/** A search over sizes that a formula gives, and what it tried, as `quality@width`. */
export async function searching(
  model: Model,
  search: Partial<FitSearch>,
): Promise<{ outcome: FitSearchOutcome; tried: readonly string[] }> {
  const tried: string[] = [];
  const outcome = await fitToBudget({
    budgetBytes: 95_000,
    minQuality: 40,
    maxQuality: 90,
    curve: expecting(93, 1.3 * model(90, search.widthPx ?? FULL_PX)),
    coarsenessOf,
    widthPx: FULL_PX,
    minWidthPx: 224,
    ...search,
    encode: (quality, widthPx) => {
      tried.push(`${String(quality)}@${String(widthPx)}`);
      return Promise.resolve(new Uint8Array(Math.max(1, Math.round(model(quality, widthPx)))));
    },
  });
  return { outcome, tried };
}

function coarsenessOf(quality: number): number {
  return coarseness(tableOfQuality(quality));
}
