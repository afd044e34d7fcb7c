import assert from 'node:assert/strict';
import sinon from 'sinon';
import { drawTestPicture } from '../../src/capture/test-picture.ts';
import type { Frame } from '../../src/domain.ts';
import { createFit, type FitBounds, type FitSettings } from '../../src/fit/fit-frame.ts';
import { createJpegCodec, type Pixels } from '../../src/support/jpeg.ts';
import { readJpegStructure } from '../../src/support/jpeg-structure.ts';
import { jpegOf, noise, quarters, solid } from '../support/jpeg-samples.ts';

const codec = createJpegCodec();
const plain: FitSettings = {
  maxWidthPx: 0,
  minWidthPx: 224,
  minQuality: 40,
  maxQuality: 90,
  encoder: 'fast',
  greyscale: false,
  rotateDegrees: 0,
  flip: 'none',
};

function photo(widthPx: number, heightPx: number, counter = 1): Pixels {
  return drawTestPicture({ widthPx, heightPx, counter, time: new Date(0), seed: counter });
}

async function frameOf(pixels: Pixels, orientation?: number): Promise<Frame> {
  const jpeg = await jpegOf(pixels, orientation === undefined ? {} : { orientation });
  return { jpeg, widthPx: pixels.widthPx, heightPx: pixels.heightPx, capturedAt: new Date(0) };
}

describe('createFit()', () => {
  it('says that a frame which does not decode is undecodable', async () => {
    const frame = await frameOf(photo(320, 240));
    const cut = { ...frame, jpeg: frame.jpeg.subarray(0, 2000) };
    const outcome = await createFit({ codec, settings: plain })(cut, { budgetBytes: 1000 });
    assert.equal(outcome.kind, 'undecodable');
  });

  it('says that noise does not fit into a thousand bytes', async () => {
    const outcome = await createFit({ codec, settings: plain })(await frameOf(noise(640, 480)), {
      budgetBytes: 1000,
    });
    assert.ok(outcome.kind === 'unfit' && outcome.smallestBytes > 1000 && outcome.budgetBytes === 1000);
  });

  it('passes a frame within the budget through untouched and unencoded', async () => {
    const frame = await frameOf(photo(320, 240));
    const fit = createFit({
      codec: { ...codec, encode: sinon.stub().rejects(new Error('encoded')) },
      settings: plain,
    });
    const outcome = await fit(frame, { budgetBytes: frame.jpeg.length });
    assert.deepEqual(outcome, {
      kind: 'fitted',
      image: { jpeg: frame.jpeg, widthPx: 320, heightPx: 240, encodes: 0 },
    });
  });

  const changes: readonly {
    what: string;
    settings?: Partial<FitSettings>;
    bounds?: Partial<FitBounds>;
    size: readonly number[];
  }[] = [
    { what: 'the configured width', settings: { maxWidthPx: 160 }, size: [160, 120] },
    { what: "the trigger's width", bounds: { maxWidthPx: 280 }, size: [280, 210] },
    { what: "no less than minWidthPx for a trigger's width", bounds: { maxWidthPx: 1 }, size: [224, 168] },
    {
      what: 'the smaller of both widths',
      settings: { maxWidthPx: 80 },
      bounds: { maxWidthPx: 160 },
      size: [80, 60],
    },
    { what: "the trigger's quality", bounds: { maxQuality: 50 }, size: [320, 240] },
    { what: "no less than minQuality for a trigger's quality", bounds: { maxQuality: 1 }, size: [320, 240] },
    { what: 'a crop', settings: { crop: { left: 0.25, top: 0, width: 0.5, height: 1 } }, size: [160, 240] },
    { what: 'a rotation', settings: { rotateDegrees: 90 }, size: [240, 320] },
    { what: 'a flip', settings: { flip: 'horizontal' }, size: [320, 240] },
    { what: 'greyscale', settings: { greyscale: true }, size: [320, 240] },
  ];
  for (const { what, settings, bounds, size } of changes) {
    it(`encodes a frame within the budget for ${what}`, async () => {
      const fit = createFit({ codec, settings: { ...plain, ...settings } });
      const outcome = await fit(await frameOf(photo(320, 240)), { budgetBytes: 100_000, ...bounds });
      assert.equal(outcome.kind, 'fitted');
      assert.deepEqual([outcome.image.widthPx, outcome.image.heightPx], size);
      assert.equal(outcome.image.quality, Math.max(bounds?.maxQuality ?? 90, plain.minQuality));
      const structure = readJpegStructure(outcome.image.jpeg);
      assert.ok(
        structure.kind === 'complete' && structure.widthPx === size[0] && structure.heightPx === size[1],
      );
    });
  }

  it('sets a frame upright that EXIF says is turned', async () => {
    const fit = createFit({ codec, settings: plain });
    const outcome = await fit(await frameOf(quarters(320, 240), 6), { budgetBytes: 100_000 });
    assert.ok(outcome.kind === 'fitted' && outcome.image.widthPx === 240 && outcome.image.heightPx === 320);
  });

  const pictures: readonly { what: string; pixels: Pixels }[] = [
    { what: 'noise', pixels: noise(640, 480) },
    { what: 'one colour', pixels: solid(1280, 720, [20, 90, 200]) },
    { what: 'a photo-like picture', pixels: photo(1280, 720) },
    { what: 'a single pixel', pixels: solid(1, 1, [20, 90, 200]) },
    { what: 'a very wide picture', pixels: noise(6000, 8) },
    { what: 'a very high picture', pixels: noise(8, 4000) },
  ];
  for (const { what, pixels } of pictures) {
    it(`never exceeds any budget with ${what}`, async () => {
      const frame = await frameOf(pixels);
      for (const encoder of ['fast', 'mozjpeg'] as const) {
        const fit = createFit({ codec, settings: { ...plain, encoder, minWidthPx: 16 } });
        for (const budgetBytes of [700, 5000, 30_000, 95_000]) {
          const outcome = await fit(frame, { budgetBytes });
          if (outcome.kind === 'fitted') {
            assert.ok(outcome.image.jpeg.length <= budgetBytes);
            assert.ok(outcome.image.widthPx <= pixels.widthPx);
            assert.equal((await codec.inspect(outcome.image.jpeg)).kind, 'decoded');
          } else assert.ok(outcome.kind === 'unfit' && outcome.smallestBytes > budgetBytes);
        }
      }
    });
  }

  it('remembers the quality, so that the next frame of the same scene needs fewer encodes', async () => {
    const fit = createFit({ codec, settings: plain });
    const first = await fit(await frameOf(photo(1280, 720, 1)), { budgetBytes: 95_000 });
    const second = await fit(await frameOf(photo(1280, 720, 1)), { budgetBytes: 95_000 });
    assert.ok(first.kind === 'fitted' && second.kind === 'fitted');
    assert.ok(second.image.encodes <= 2 && second.image.encodes < first.image.encodes);
    assert.ok(first.image.jpeg.length > 95_000 * 0.9, 'it wastes no budget');
  });

  it("forgets what a trigger's own bounds led to", async () => {
    const fit = createFit({ codec, settings: plain });
    const frame = await frameOf(photo(1280, 720, 1));
    const first = await fit(frame, { budgetBytes: 95_000 });
    await fit(frame, { budgetBytes: 95_000, maxQuality: 20 });
    const second = await fit(frame, { budgetBytes: 95_000 });
    assert.ok(first.kind === 'fitted' && second.kind === 'fitted');
    assert.ok(second.image.encodes < first.image.encodes);
  });
});
