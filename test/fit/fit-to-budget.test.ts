import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ENCODES_MAX } from '../../src/fit/search-quality.ts';
import { expecting, FULL_PX, photo, searching, type Model } from './models.ts';

const RUNS = process.env['SHUTTERD_TEST_LONG'] === '1' ? 10_000 : 300;

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
    const narrow = { lowestBytes: 200_000, exponent: 1.7 };
    for (const known of [{}, { narrow }]) {
      const { tried } = await searching(() => 200_000, { widthPx: 100, ...known });
      assert.ok(tried.length > 0 && tried.every((one) => one.endsWith('@100')));
    }
  });

  it('takes the highest quality with one encode where that is expected to fit, and does', async () => {
    const { outcome } = await searching(photo(50_000, 0.8), {});
    assert.ok(outcome.kind === 'fitted' && outcome.quality === 90 && outcome.encodes === 1);
  });

  it('rises from an expectation that is far too high', async () => {
    const { outcome } = await searching(photo(80_000, 0.8), { curve: expecting(90, 400_000) });
    assert.ok(outcome.kind === 'fitted' && outcome.quality === 90 && outcome.encodes <= 4);
  });

  it('gives a picture far larger than expected the lowest quality before the width goes down', async () => {
    const { outcome, tried } = await searching(photo(250_000, 0.8), { curve: expecting(90, 10_000) });
    assert.ok(outcome.kind === 'fitted' && outcome.widthPx === 1280 && outcome.encodes <= 6);
    assert.ok(tried.every((one) => one.endsWith('@1280')));
  });

  it('encodes once where the expectation is right and no better quality is expected to fit', async () => {
    const model = photo(250_000, 0.8);
    const first = await searching(model, {});
    assert.ok(first.outcome.kind === 'fitted');
    const { quality } = first.outcome;
    const { outcome } = await searching(model, {
      curve: expecting(quality, model(quality, 1280)),
      budgetBytes: model(quality, 1280) * 1.01,
    });
    assert.deepEqual([outcome.kind, outcome.encodes], ['fitted', 1]);
  });

  it('makes no encode more for the last few percent of the budget, but does for a tenth', async () => {
    const model = photo(250_000, 0.8);
    const encodesAt = async (share: number): Promise<number> => {
      const budgetBytes = Math.round(model(60, FULL_PX) / share);
      // Quality 60 is expected to be the best that fits, and turns out to use this share.
      const curve = expecting(60, budgetBytes * 0.99);
      const { outcome } = await searching(model, { curve, budgetBytes });
      assert.equal(outcome.kind, 'fitted');
      return outcome.encodes;
    };
    assert.equal(await encodesAt(0.93), 1);
    assert.ok((await encodesAt(0.89)) > 1);
  });

  it('lowers the width only where the lowest quality does not fit', async () => {
    const { outcome, tried } = await searching(photo(800_000, 0.8), {});
    assert.equal(outcome.kind, 'fitted');
    assert.ok(outcome.widthPx < 1280 && outcome.widthPx >= 224);
    assert.ok(tried.includes('40@1280'));
    assert.ok(outcome.jpeg.length > 95_000 * 0.9, 'it wastes no budget');
  });

  it('goes straight to the width where the last picture like it had to be narrower', async () => {
    const model = photo(800_000, 0.8);
    const first = await searching(model, {});
    assert.ok(first.outcome.kind === 'fitted' && first.outcome.narrow !== undefined);
    const { outcome } = await searching(model, { narrow: first.outcome.narrow });
    assert.ok(outcome.kind === 'fitted' && outcome.encodes === 1 && outcome.widthPx < 1280);
    assert.ok(outcome.jpeg.length > 95_000 * 0.95);
  });

  it('goes back to full width in the same search when a narrower picture turns out small', async () => {
    const narrow = { lowestBytes: 400_000, exponent: 1.7 };
    const { outcome, tried } = await searching(photo(100_000, 0.8), { narrow });
    assert.ok(outcome.kind === 'fitted' && outcome.widthPx === 1280 && outcome.quality > 80);
    assert.ok(outcome.narrow !== undefined && outcome.narrow.lowestBytes < 95_000);
    assert.ok(tried[0] !== '40@1280' && tried[1] === '40@1280', tried.join());
  });

  it('tries a wider picture, once, where grain goes faster with the width than expected', async () => {
    const grain: Model = (quality, widthPx) =>
      photo(800_000, 0.8)(quality, FULL_PX) * (widthPx / FULL_PX) ** 2.8;
    const { outcome, tried } = await searching(grain, {});
    assert.ok(outcome.kind === 'fitted' && outcome.quality <= 42 && outcome.encodes <= 5);
    assert.ok(new Set(tried.map((one) => one.split('@')[1])).size === 3, tried.join());
    assert.ok(outcome.jpeg.length > 95_000 * 0.95);
  });

  it('keeps the narrower picture where the wider one does not fit', async () => {
    const steep: Model = (quality, widthPx) =>
      photo(800_000, 0.8)(quality, FULL_PX) * (widthPx > 600 ? 1 : 0.1);
    const { outcome, tried } = await searching(steep, {});
    assert.ok(outcome.kind === 'fitted' && outcome.widthPx <= 600 && outcome.quality > 40);
    assert.ok(
      outcome.encodes <= ENCODES_MAX && tried.some((one) => Number(one.split('@')[1]) > outcome.widthPx),
    );
  });

  it('uses 95 % of the budget on average for anything like a photograph, and never wastes an eighth', async () => {
    const shares: number[] = [];
    let encodes = 0;
    let pictures = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 30_000, max: 260_000 }),
        fc.double({ min: 0.55, max: 1.1, noNaN: true }),
        fc.integer({ min: 20_000, max: 1_000_000 }),
        async (bytesAt90, steepness, expectedAt90) => {
          const model = photo(bytesAt90, steepness);
          const { outcome } = await searching(model, { curve: expecting(90, expectedAt90) });
          if (model(40, 1280) > 95_000) return;
          assert.ok(outcome.kind === 'fitted' && outcome.widthPx === 1280);
          const best = outcome.quality === 90 || Math.round(model(outcome.quality + 1, 1280)) > 95_000;
          assert.ok(best || outcome.jpeg.length >= 95_000 * 0.88);
          if (outcome.quality < 90) shares.push(outcome.jpeg.length / 95_000);
          encodes += outcome.encodes;
          pictures += 1;
        },
      ),
      { numRuns: RUNS },
    );
    const share = shares.reduce((sum, one) => sum + one, 0) / shares.length;
    assert.ok(share >= 0.95, `a share of ${String(share)}`);
    assert.ok(encodes / pictures < 3.5, `${String(encodes / pictures)} encodes each`);
  });

  it('never exceeds the budget, the bounds or the number of encodes, whatever the sizes are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.func(fc.integer({ min: 1, max: 300_000 })),
        fc.record({
          budgetBytes: fc.integer({ min: 0, max: 300_000 }),
          minQuality: fc.integer({ min: 1, max: 60 }),
          maxQuality: fc.integer({ min: 60, max: 100 }),
          curve: fc.nat(1_000_000).map((bytes) => expecting(90, bytes + 1)),
          widthPx: fc.integer({ min: 1, max: 4000 }),
          minWidthPx: fc.integer({ min: 1, max: 1000 }),
        }),
        fc.option(
          fc.record({
            lowestBytes: fc.integer({ min: 1, max: 1_000_000 }),
            exponent: fc.double({ min: 0.5, max: 3, noNaN: true }),
          }),
        ),
        async (model, search, narrow) => {
          const { outcome, tried } = await searching(model, narrow === null ? search : { ...search, narrow });
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
      { numRuns: RUNS },
    );
  });
});
