import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  ENCODES_MAX,
  fitToBudget,
  type FitSearch,
  type FitSearchOutcome,
} from '../../src/fit/fit-to-budget.ts';

type Model = (quality: number, widthPx: number) => number;

/** A search over sizes that a formula gives; counts what was encoded. */
async function searching(
  model: Model,
  search: Partial<FitSearch>,
): Promise<{ outcome: FitSearchOutcome; tried: readonly string[] }> {
  const tried: string[] = [];
  const outcome = await fitToBudget({
    budgetBytes: 95_000,
    minQuality: 40,
    maxQuality: 90,
    startQuality: 90,
    widthPx: 1280,
    minWidthPx: 224,
    ...search,
    encode: (quality, widthPx) => {
      tried.push(`${String(quality)}@${String(widthPx)}`);
      return Promise.resolve(new Uint8Array(Math.max(1, Math.round(model(quality, widthPx)))));
    },
  });
  return { outcome, tried };
}

const scale = (quality: number): number => (quality < 50 ? 5000 / quality : 200 - 2 * quality);
const photo =
  (bytesAt90: number, steepness: number): Model =>
  (quality, widthPx) =>
    600 + bytesAt90 * (scale(quality) / 20) ** -steepness * (widthPx / 1280) ** 1.7;

describe('fitToBudget()', () => {
  it('is unfit with the smallest size it reached when the least is too much', async () => {
    const { outcome, tried } = await searching(() => 200_000, {});
    assert.deepEqual(outcome, { kind: 'unfit', smallestBytes: 200_000, encodes: tried.length });
    assert.ok(tried.includes('40@224') && tried.length <= ENCODES_MAX);
  });

  it('is unfit for a budget of 0', async () => {
    const { outcome } = await searching(photo(200_000, 0.8), { budgetBytes: 0 });
    assert.equal(outcome.kind, 'unfit');
  });

  it('never enlarges a picture that is narrower than the least width', async () => {
    const { tried } = await searching(() => 200_000, { widthPx: 100 });
    assert.ok(tried.every((one) => one.endsWith('@100')));
  });

  it('takes the highest quality with one encode where that fits', async () => {
    const { outcome } = await searching(photo(50_000, 0.8), {});
    assert.ok(outcome.kind === 'fitted' && outcome.quality === 90 && outcome.encodes === 1);
  });

  it('rises from a hint that is too low', async () => {
    const { outcome } = await searching(photo(80_000, 0.8), { startQuality: 50 });
    assert.ok(outcome.kind === 'fitted' && outcome.quality === 90 && outcome.encodes <= 4);
  });

  it('needs one encode where the hint is still right', async () => {
    const first = await searching(photo(250_000, 0.8), {});
    assert.equal(first.outcome.kind, 'fitted');
    const { outcome } = await searching(photo(250_500, 0.8), { startQuality: first.outcome.quality });
    assert.ok(outcome.kind === 'fitted' && outcome.encodes <= 2);
  });

  it('lowers the width only where the lowest quality does not fit', async () => {
    const { outcome, tried } = await searching(photo(800_000, 0.8), {});
    assert.equal(outcome.kind, 'fitted');
    assert.ok(outcome.widthPx < 1280 && outcome.widthPx >= 224);
    assert.ok(tried.includes('40@1280'));
    assert.ok(outcome.jpeg.length > 95_000 * 0.8, 'it wastes no budget');
  });

  it('finds the best quality, or one that uses 95 % of the budget, for anything like a photograph', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 30_000, max: 260_000 }),
        fc.double({ min: 0.4, max: 1.1, noNaN: true }),
        fc.integer({ min: 40, max: 90 }),
        async (bytesAt90, steepness, startQuality) => {
          const model = photo(bytesAt90, steepness);
          const { outcome } = await searching(model, { startQuality });
          if (model(40, 1280) > 95_000) return;
          assert.equal(outcome.kind, 'fitted');
          assert.equal(outcome.widthPx, 1280);
          const best = outcome.quality === 90 || Math.round(model(outcome.quality + 1, 1280)) > 95_000;
          assert.ok(best || outcome.jpeg.length >= 95_000 * 0.95);
        },
      ),
    );
  });

  it('never exceeds the budget, the bounds or the number of encodes, whatever the sizes are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.func(fc.integer({ min: 1, max: 300_000 })),
        fc.record({
          budgetBytes: fc.integer({ min: 0, max: 300_000 }),
          minQuality: fc.integer({ min: 1, max: 60 }),
          maxQuality: fc.integer({ min: 60, max: 100 }),
          startQuality: fc.integer({ min: 1, max: 100 }),
          widthPx: fc.integer({ min: 1, max: 4000 }),
          minWidthPx: fc.integer({ min: 1, max: 1000 }),
        }),
        async (model, search) => {
          const { outcome, tried } = await searching(model, search);
          assert.equal(outcome.encodes, tried.length);
          assert.ok(tried.length >= 1 && tried.length <= ENCODES_MAX);
          const floorPx = Math.min(search.minWidthPx, search.widthPx);
          for (const one of tried) {
            const [quality = 0, widthPx = 0] = one.split('@').map(Number);
            assert.ok(quality >= search.minQuality && quality <= search.maxQuality, one);
            assert.ok(Number.isInteger(quality) && Number.isInteger(widthPx), one);
            assert.ok(widthPx >= floorPx && widthPx <= search.widthPx, one);
          }
          if (outcome.kind === 'fitted') assert.ok(outcome.jpeg.length <= search.budgetBytes);
          else
            assert.ok(
              outcome.smallestBytes > search.budgetBytes &&
                tried.includes(`${String(search.minQuality)}@${String(floorPx)}`),
            );
        },
      ),
      { numRuns: 500 },
    );
  });
});
