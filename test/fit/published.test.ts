// What arrives at the far side: frames fitted and built into the real payload, the published bytes decoded again.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import sharp from 'sharp';
import type { Frame } from '../../src/domain.ts';
import { createFit, type Fit, type FitSettings } from '../../src/fit/fit-frame.ts';
import { pictureBudgetBytes } from '../../src/app/picture-budget.ts';
import { buildRequest, payloadShape, type PayloadSettings } from '../../src/request/build-request.ts';
import { createJpegCodec, type Pixels } from '../../src/support/jpeg.ts';
import { readJpegStructure } from '../../src/support/jpeg-structure.ts';
import { jpegOf, noise, quarters, solid } from '../support/jpeg-samples.ts';
import { photoLike } from '../../scripts/bench/photo-like.ts';

const LONG = process.env['SHUTTERD_TEST_LONG'] === '1';
const codec = createJpegCodec();
const capturedAt = new Date('2026-01-02T03:04:05.678Z');
const plain: FitSettings = {
  ...{ maxWidthPx: 0, minWidthPx: 16, minQuality: 40, maxQuality: 90, encoder: 'fast', deviceId: 'pi-1' },
  ...{ greyscale: false, rotateDegrees: 0, flip: 'none' },
};
const json: PayloadSettings = { deviceId: 'pi-1', format: 'json', metadata: true, publishFrame: true };

async function frameOf(pixels: Pixels): Promise<Frame> {
  return { jpeg: await jpegOf(pixels), widthPx: pixels.widthPx, heightPx: pixels.heightPx, capturedAt };
}

interface Limits {
  readonly maxPayloadBytes: number;
  readonly payload?: PayloadSettings;
  readonly triggerId?: string;
}

/** Fits as the daemon does and gives the bytes on the wire, or the smallest size reached. */
async function published(
  frame: Frame,
  fitting: FitSettings | Fit,
  { maxPayloadBytes, payload = json, triggerId }: Limits,
) {
  const facts = {
    ...{ requestId: '00000000-0000-4000-8000-000000000000', frame, clockSynchronised: true },
    ...(triggerId === undefined ? {} : { triggerId }),
  };
  const budgetBytes = pictureBudgetBytes(maxPayloadBytes, payloadShape(payload, facts));
  const fit = typeof fitting === 'function' ? fitting : createFit({ codec, settings: fitting });
  const outcome = await fit(frame, { budgetBytes });
  if (outcome.kind !== 'fitted') return outcome;
  const { image } = outcome;
  return { kind: 'published' as const, bytes: buildRequest(payload, facts, image).payload, image };
}

/** The picture inside a payload, as the far side takes it out. */
function pictureIn(bytes: Uint8Array, format: PayloadSettings['format'] = 'json'): Buffer {
  if (format === 'raw') return Buffer.from(bytes);
  const parsed: unknown = JSON.parse(Buffer.from(bytes).toString());
  const base64 =
    format === 'json' ? (parsed as { image_data: string }).image_data : (parsed as [unknown, string])[1];
  return Buffer.from(base64, 'base64');
}

/** The colours in the middles of the four quarters, as letters. */
async function letters(jpeg: Uint8Array): Promise<string> {
  const { data } = await sharp(jpeg)
    .resize(4, 4, { fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return [0, 2, 8, 10]
    .map((pixel) =>
      [...data.subarray(pixel * 3, pixel * 3 + 3)].map((level) => (level > 128 ? 1 : 0)).join(''),
    )
    .map((bright) => ({ '100': 'r', '010': 'g', '001': 'b', '111': 'w' })[bright] ?? '?')
    .join('');
}

describe('a published picture', () => {
  const half = { left: 0, top: 0, width: 0.5, height: 1 };
  const changes: readonly { what: string; settings: Partial<FitSettings>; shows: string; size: string }[] = [
    { what: 'passed through', settings: {}, shows: 'rgbw', size: '320x240' },
    { what: 'cropped', settings: { crop: half }, shows: 'rrbb', size: '160x240' },
    { what: 'rotated', settings: { rotateDegrees: 90 }, shows: 'brwg', size: '240x320' },
    { what: 'flipped', settings: { flip: 'vertical' }, shows: 'bwrg', size: '320x240' },
    {
      what: 'rotated and flipped',
      settings: { rotateDegrees: 270, flip: 'horizontal' },
      shows: 'wgbr',
      size: '240x320',
    },
    {
      what: 'encoded by mozjpeg',
      settings: { encoder: 'mozjpeg', flip: 'both' },
      shows: 'wbgr',
      size: '320x240',
    },
  ];
  for (const { what, settings, shows, size } of changes) {
    it(`shows what it should when ${what}`, async () => {
      const frame = await frameOf(quarters(320, 240));
      const found = await published(frame, { ...plain, ...settings }, { maxPayloadBytes: 128_000 });
      assert.ok(found.kind === 'published');
      const jpeg = pictureIn(found.bytes);
      const { info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
      assert.deepEqual([`${String(info.width)}x${String(info.height)}`, await letters(jpeg)], [size, shows]);
      assert.equal(jpeg.equals(frame.jpeg), what === 'passed through');
    });
  }

  it('has one channel, and in it the brightness of each colour, when greyscale', async () => {
    const found = await published(
      await frameOf(quarters(320, 240)),
      { ...plain, greyscale: true },
      { maxPayloadBytes: 128_000 },
    );
    assert.ok(found.kind === 'published');
    const jpeg = pictureIn(found.bytes);
    assert.equal((await sharp(jpeg).metadata()).channels, 1);
    const { data, info } = await sharp(jpeg).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height, info.channels], [320, 240, 1]);
    // Red, green, blue and white by their luminance in linear light (ITU-R BT.709, 0.2126, 0.7152, 0.0722), as sRGB.
    const middles = [60 * 320 + 80, 60 * 320 + 240, 180 * 320 + 80, 180 * 320 + 240];
    for (const [at, luma] of [127, 220, 76, 255].entries()) {
      assert.ok(Math.abs((data[middles[at] ?? 0] ?? 0) - luma) <= 3, `quarter ${String(at)}`);
    }
  });

  it('is progressive and smaller with mozjpeg at the same quality', async () => {
    const frame = await frameOf(photoLike({ widthPx: 640, heightPx: 480, shot: 1 }));
    const settings = { ...plain, flip: 'both' as const };
    const [fast, mozjpeg] = await Promise.all([
      published(frame, settings, { maxPayloadBytes: 1_000_000 }),
      published(frame, { ...settings, encoder: 'mozjpeg' }, { maxPayloadBytes: 1_000_000 }),
    ]);
    assert.ok(fast.kind === 'published' && mozjpeg.kind === 'published');
    assert.equal(mozjpeg.image.quality, fast.image.quality);
    assert.ok(mozjpeg.bytes.length < fast.bytes.length);
    assert.equal((await sharp(pictureIn(mozjpeg.bytes)).metadata()).isProgressive, true);
  });

  it("carries our EXIF and none of the camera's", async () => {
    const frame = await frameOf(quarters(320, 240));
    const shot = await sharp(frame.jpeg)
      .withExif({ IFD0: { Model: 'SecretCam', Copyright: 'someone' } })
      .jpeg()
      .toBuffer();
    const found = await published(
      { ...frame, jpeg: shot },
      { ...plain, maxWidthPx: 200 },
      { maxPayloadBytes: 128_000 },
    );
    assert.ok(found.kind === 'published');
    const { exif, orientation } = await sharp(pictureIn(found.bytes)).metadata();
    const text = exif?.toString('latin1') ?? '';
    for (const ours of ['2026:01:02 03:04:05', '678', '+00:00', 'pi-1']) assert.ok(text.includes(ours), ours);
    assert.ok(!text.includes('SecretCam') && !text.includes('someone'));
    assert.equal(orientation ?? 1, 1);
  });
});

describe('every payload', () => {
  const drawing = {
    'photo-like': () => photoLike({ widthPx: 320, heightPx: 240, shot: 1 }),
    'photo-like, larger': () => photoLike({ widthPx: 1280, heightPx: 720, shot: 1 }),
    noise: () => noise(320, 240),
    flat: () => solid(320, 240, [20, 90, 200]),
    'a single pixel': () => solid(1, 1, [20, 90, 200]),
    'very wide': () => noise(3000, 4),
    'very high': () => noise(4, 2000),
  } as const;
  type Name = keyof typeof drawing;

  const maxPayloadBytes = fc.oneof(
    fc.integer({ min: 1000, max: 30_000 }),
    fc.integer({ min: 1000, max: 1_000_000 }),
  );
  // Three of one size, so that the same fit takes one for the next shot of another.
  const names = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<Name>('photo-like', 'noise', 'flat') },
    { weight: 3, arbitrary: fc.constantFrom<Name>('a single pixel', 'very wide', 'very high') },
    { weight: 1, arbitrary: fc.constant<Name>('photo-like, larger') },
  );
  const printable = (unit: 'grapheme-ascii' | 'grapheme') =>
    fc.string({ unit, minLength: 1, maxLength: 128 });
  const shots = fc.array(
    fc.record({
      ...{ name: names, maxPayloadBytes },
      triggerId: fc.option(fc.oneof(printable('grapheme-ascii'), printable('grapheme')), { nil: undefined }),
      suspect: fc.option(fc.constantFrom('black' as const, 'flat' as const), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 3 },
  );
  const crop = fc
    .tuple(...[0, 1, 2, 3].map(() => fc.double({ min: 0, max: 1, noNaN: true })))
    .map(([left = 0, top = 0, across = 0, down = 0]) => ({
      ...{ left: left * 0.9, top: top * 0.9 },
      ...{ width: (1 - left * 0.9) * Math.max(across, 0.1), height: (1 - top * 0.9) * Math.max(down, 0.1) },
    }));
  const changes = fc.record({
    greyscale: fc.boolean(),
    encoder: fc.constantFrom('fast' as const, 'mozjpeg' as const),
    rotateDegrees: fc.constantFrom(0 as const, 90 as const, 180 as const, 270 as const),
    flip: fc.constantFrom('none' as const, 'horizontal' as const, 'vertical' as const, 'both' as const),
    crop: fc.option(crop, { nil: undefined }),
    maxWidthPx: fc.constantFrom(0, 100),
    minWidthPx: fc.constantFrom(16, 224),
  });
  const packing = fc.record({
    format: fc.constantFrom('json' as const, 'raw' as const, 'dlstreamer' as const),
    metadata: fc.boolean(),
  });

  it('is within any limit, or the answer names the smallest size reached', async function () {
    this.timeout(LONG ? 3_600_000 : 60_000);
    const drawn = new Map<Name, Promise<Frame>>();
    const frameNamed = (name: Name): Promise<Frame> => {
      const frame = drawn.get(name) ?? frameOf(drawing[name]());
      drawn.set(name, frame);
      return frame;
    };
    await fc.assert(
      fc.asyncProperty(shots, packing, changes, async (taken, packed, { crop: area, ...settings }) => {
        const cut = area === undefined ? {} : { crop: area };
        const fit = createFit({ codec, settings: { ...plain, ...settings, ...cut } });
        for (const { name, suspect, triggerId, ...limit } of taken) {
          const frame = { ...(await frameNamed(name)), ...(suspect === undefined ? {} : { suspect }) };
          const asked = triggerId === undefined ? {} : { triggerId };
          const found = await published(frame, fit, { ...limit, ...asked, payload: { ...json, ...packed } });
          if (found.kind === 'published') {
            assert.ok(found.bytes.length <= limit.maxPayloadBytes);
            assert.deepEqual(pictureIn(found.bytes, packed.format), Buffer.from(found.image.jpeg));
            assert.equal(readJpegStructure(found.image.jpeg).kind, 'complete');
          } else {
            assert.ok(found.kind === 'unfit' && found.smallestBytes > found.budgetBytes);
            assert.ok(Number.isFinite(found.smallestBytes));
          }
        }
      }),
      { numRuns: LONG ? 10_000 : 300 },
    );
  });

  for (const { maxWidthPx, maxPayloadBytes, most } of [
    { maxWidthPx: 0, maxPayloadBytes: 128_000, most: 4000 },
    { maxWidthPx: 1280, maxPayloadBytes: 20_000, most: 1280 },
  ]) {
    it(`is within the limit for a frame of 8000 x 6000 and image.maxWidthPx ${String(maxWidthPx)}`, async function () {
      this.timeout(20_000);
      const jpeg = await sharp({ create: { width: 8000, height: 6000, channels: 3, background: 'teal' } })
        .jpeg()
        .toBuffer();
      const frame = { jpeg, widthPx: 8000, heightPx: 6000, capturedAt };
      const found = await published(frame, { ...plain, maxWidthPx }, { maxPayloadBytes });
      assert.ok(found.kind === 'published' && found.bytes.length <= maxPayloadBytes);
      assert.equal(found.image.widthPx, most);
      const { info } = await sharp(pictureIn(found.bytes)).raw().toBuffer({ resolveWithObject: true });
      assert.deepEqual([info.width, info.height], [found.image.widthPx, found.image.heightPx]);
    });
  }
});
