import assert from 'node:assert/strict';
import sharp from 'sharp';
import sinon from 'sinon';
import { drawTestPicture } from '../../src/capture/test-picture.ts';
import type { Frame } from '../../src/domain.ts';
import { createFit, type FitBounds, type FitSettings } from '../../src/fit/fit-frame.ts';
import { OperatingError } from '../../src/support/errors.ts';
import { createJpegCodec, type Pixels } from '../../src/support/jpeg.ts';
import { readJpegStructure, withoutMetadata } from '../../src/support/jpeg-structure.ts';
import { jpegOf, noise, quarters, solid } from '../support/jpeg-samples.ts';

const codec = createJpegCodec();
const plain: FitSettings = {
  ...{ maxWidthPx: 0, minWidthPx: 224, minQuality: 40, maxQuality: 90, encoder: 'fast', deviceId: 'pi-1' },
  ...{ greyscale: false, rotateDegrees: 0, flip: 'none' },
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

  for (const code of ['ENCODE_FAILED', 'EBUG']) {
    it(
      code === 'EBUG'
        ? 'throws what is a bug'
        : 'says that an encoder which fails makes nothing of the frame',
      async () => {
        const encode = sinon.stub().rejects(new OperatingError('Cannot encode picture: timeout', { code }));
        const fit = createFit({ codec: { ...codec, encode }, settings: plain });
        const fitting = fit(await frameOf(photo(320, 240)), { budgetBytes: 1000 });
        if (code === 'EBUG') await assert.rejects(fitting);
        else
          assert.deepEqual(await fitting, { kind: 'undecodable', detail: 'Cannot encode picture: timeout' });
      },
    );
  }

  it("takes the camera's metadata out of a frame within the budget without encoding it", async () => {
    const frame = await frameOf(photo(320, 240), 1);
    const encode = sinon.stub().rejects(new Error('encoded'));
    const outcome = await createFit({ codec: { ...codec, encode }, settings: plain })(frame, {
      budgetBytes: frame.jpeg.length - 1,
    });
    assert.ok(outcome.kind === 'fitted' && outcome.image.encodes === 0);
    assert.equal(outcome.image.quality, undefined);
    assert.ok(outcome.image.jpeg.length < frame.jpeg.length);
    assert.equal(Buffer.from(outcome.image.jpeg).indexOf('Exif'), -1);
    const [before, after] = await Promise.all(
      [frame.jpeg, outcome.image.jpeg].map((jpeg) => sharp(jpeg).raw().toBuffer()),
    );
    assert.deepEqual(after, before);
  });

  it('passes a frame within the budget through untouched and unencoded', async () => {
    const { jpeg, ...size } = await frameOf(photo(320, 240));
    const structure = readJpegStructure(jpeg);
    assert.ok(structure.kind === 'complete');
    const frame = { ...size, jpeg: withoutMetadata(jpeg, structure) };
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

  it('encodes a frame within the budget that not every decoder reads', async () => {
    const frame = await frameOf(photo(320, 240));
    const cmyk = await sharp(frame.jpeg).toColourspace('cmyk').jpeg().toBuffer();
    const outcome = await createFit({ codec, settings: plain })(
      { ...frame, jpeg: cmyk },
      { budgetBytes: 100_000 },
    );
    assert.ok(outcome.kind === 'fitted' && outcome.image.encodes === 1);
    assert.equal((await sharp(outcome.image.jpeg).metadata()).space, 'srgb');
  });

  for (const turned of [false, true]) {
    it(`decodes a frame ${turned ? 'higher' : 'wider'} than any camera's smaller, which bounds the memory`, async () => {
      const decode = sinon.spy(codec, 'decode');
      const fit = createFit({ codec: { ...codec, decode }, settings: plain });
      decode.restore();
      const [widthPx, heightPx] = turned ? [40, 40_000] : [40_000, 40];
      const frame = await frameOf(solid(widthPx, heightPx, [20, 90, 200]));
      const outcome = await fit(frame, { budgetBytes: 5000 });
      assert.ok(outcome.kind === 'fitted' && outcome.image.jpeg.length <= 5000);
      assert.equal(decode.firstCall.args[1].maxWidthPx, turned ? 16 : 16_000);
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
    it(`never exceeds any budget with ${what}`, async function () {
      this.timeout(20_000);
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

  it('needs one encode, and no pixels apart, for the next frame of the same scene', async () => {
    const decode = sinon.spy(codec, 'decode');
    const fit = createFit({ codec: { ...codec, decode }, settings: plain });
    decode.restore();
    const frame = await frameOf(photo(1280, 720, 1));
    const budgetBytes = frame.jpeg.length / 3.9;
    const first = await fit(frame, { budgetBytes });
    const second = await fit(frame, { budgetBytes });
    assert.ok(first.kind === 'fitted' && second.kind === 'fitted');
    assert.equal(second.image.encodes, 1);
    assert.ok(second.image.jpeg.length > budgetBytes * 0.9);
    assert.equal(decode.callCount, 1);
  });

  it('decodes once for all the further encodes of a scene that changed', async () => {
    const decode = sinon.spy(codec, 'decode');
    const fit = createFit({ codec: { ...codec, decode }, settings: plain });
    decode.restore();
    const frame = await frameOf(photo(1280, 720, 1));
    await fit(frame, { budgetBytes: frame.jpeg.length / 3.9 });
    const other = await fit(frame, { budgetBytes: frame.jpeg.length / 9 });
    assert.ok(other.kind === 'fitted' && other.image.encodes > 1);
    assert.equal(decode.callCount, 2);
  });

  it("forgets what a trigger's own bounds led to", async () => {
    const fit = createFit({ codec, settings: plain });
    const frame = await frameOf(photo(1280, 720, 1));
    const budgetBytes = frame.jpeg.length / 3.9;
    const first = await fit(frame, { budgetBytes });
    await fit(frame, { budgetBytes, maxQuality: 20 });
    const second = await fit(frame, { budgetBytes });
    assert.ok(first.kind === 'fitted' && second.kind === 'fitted');
    assert.equal(second.image.encodes, 1);
    assert.ok((second.image.quality ?? 0) >= (first.image.quality ?? 100) - 1);
  });
});
