import assert from 'node:assert/strict';
import sharp from 'sharp';
import { createJpegCodec, type DecodeOptions, type Pixels } from '../../src/support/jpeg.ts';
import { reshapedSize } from '../../src/support/jpeg-measures.ts';
import { readJpegStructure } from '../../src/support/jpeg-structure.ts';
import { concat, jpegOf, noise, quarters, solid } from './jpeg-samples.ts';

const codec = createJpegCodec();
const asIs: DecodeOptions = { maxWidthPx: 0, rotateDegrees: 0, flip: 'none', greyscale: false };

/** The colours in the middles of the four quarters, as letters. */
function letters({ data, widthPx, heightPx, channels }: Pixels): string {
  const middle = (x: number, y: number): string => {
    const at = (Math.floor(heightPx * y) * widthPx + Math.floor(widthPx * x)) * channels;
    const bright = [...data.subarray(at, at + 3)].map((value) => (value > 128 ? '1' : '0')).join('');
    return { '100': 'r', '010': 'g', '001': 'b', '111': 'w' }[bright] ?? '?';
  };
  return middle(0.25, 0.25) + middle(0.75, 0.25) + middle(0.25, 0.75) + middle(0.75, 0.75);
}

async function decoded(jpeg: Uint8Array, options: Partial<DecodeOptions> = {}): Promise<Pixels> {
  const outcome = await codec.decode(jpeg, { ...asIs, ...options });
  assert.equal(outcome.kind, 'decoded');
  return outcome.pixels;
}

describe('createJpegCodec()', () => {
  describe('inspect()', () => {
    it('refuses a JPEG cut at any byte', async () => {
      const jpeg = await jpegOf(noise(24, 16));
      for (let length = 0; length < jpeg.length; length += 7) {
        assert.equal(
          (await codec.inspect(jpeg.subarray(0, length))).kind,
          'undecodable',
          `cut at ${String(length)}`,
        );
      }
    });

    it('refuses a JPEG whose data end early although its markers are whole', async () => {
      const jpeg = await jpegOf(noise(160, 120));
      const short = concat(jpeg.subarray(0, Math.floor(jpeg.length / 2)), Uint8Array.of(0xff, 0xd9));
      assert.equal(readJpegStructure(short).kind, 'complete');
      assert.equal((await codec.inspect(short)).kind, 'undecodable');
    });

    it('refuses other picture formats before a decoder sees them', async () => {
      const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
        .png()
        .toBuffer();
      const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>');
      for (const other of [png, svg, Buffer.from('GIF89a'), Buffer.alloc(0)]) {
        assert.equal((await codec.inspect(other)).kind, 'undecodable');
      }
      await assert.rejects(sharp(svg).toBuffer()); // the loaders themselves are blocked
    });

    it('refuses a picture of more than 50 megapixels', async () => {
      const jpeg = Uint8Array.from(await jpegOf(solid(16, 16, [9, 9, 9])));
      const header = Buffer.from(jpeg).indexOf(Uint8Array.of(0xff, 0xc0));
      jpeg.set([0x27, 0x10, 0x27, 0x10], header + 5); // 10,000 x 10,000
      const found = await codec.inspect(jpeg);
      assert.equal(found.kind, 'undecodable');
      assert.match(found.detail, /pixel limit/);
    });

    it('measures mean and spread of the luma', async () => {
      const black = await codec.inspect(await jpegOf(solid(320, 200, [0, 0, 0])));
      assert.equal(black.kind, 'decoded');
      assert.deepEqual([black.widthPx, black.heightPx], [320, 200]);
      assert.ok(black.meanLuma < 1 && black.spreadLuma < 1);
      const four = await codec.inspect(await jpegOf(quarters(320, 200)));
      assert.ok(four.kind === 'decoded' && four.spreadLuma > 50 && four.meanLuma > 60);
    });
  });

  describe('decode()', () => {
    it('gives a typed refusal for a damaged picture', async () => {
      const jpeg = await jpegOf(noise(64, 64));
      assert.equal((await codec.decode(jpeg.subarray(0, 900), asIs)).kind, 'undecodable');
    });

    // Exif 2.32, orientation tag: what the stored quarters rgbw look like when the picture is held upright.
    const upright = {
      1: 'rgbw',
      2: 'grwb',
      3: 'wbgr',
      4: 'bwrg',
      5: 'rbgw',
      6: 'brwg',
      7: 'wgbr',
      8: 'gwrb',
    };
    for (const [orientation, expected] of Object.entries(upright)) {
      it(`sets EXIF orientation ${orientation} upright`, async () => {
        const jpeg = await jpegOf(quarters(64, 32), { orientation: Number(orientation) });
        const pixels = await decoded(jpeg);
        assert.equal(letters(pixels), expected);
        assert.deepEqual([pixels.widthPx, pixels.heightPx], Number(orientation) < 5 ? [64, 32] : [32, 64]);
      });
    }

    const half = { left: 0, top: 0, width: 0.5, height: 1 };
    const turns: readonly { options: Partial<DecodeOptions>; expected: string; size: readonly number[] }[] = [
      { options: {}, expected: 'rgbw', size: [64, 32] },
      { options: { rotateDegrees: 90 }, expected: 'brwg', size: [32, 64] },
      { options: { rotateDegrees: 180 }, expected: 'wbgr', size: [64, 32] },
      { options: { rotateDegrees: 270 }, expected: 'gwrb', size: [32, 64] },
      { options: { flip: 'horizontal' }, expected: 'grwb', size: [64, 32] },
      { options: { flip: 'vertical' }, expected: 'bwrg', size: [64, 32] },
      { options: { flip: 'both' }, expected: 'wbgr', size: [64, 32] },
      { options: { rotateDegrees: 90, flip: 'horizontal' }, expected: 'rbgw', size: [32, 64] },
      { options: { crop: half }, expected: 'rrbb', size: [32, 32] },
      { options: { crop: half, rotateDegrees: 90 }, expected: 'brbr', size: [32, 32] },
      { options: { crop: half, flip: 'vertical', maxWidthPx: 8 }, expected: 'bbrr', size: [8, 8] },
      { options: { maxWidthPx: 16 }, expected: 'rgbw', size: [16, 8] },
      { options: { maxWidthPx: 16, rotateDegrees: 270 }, expected: 'gwrb', size: [16, 32] },
      { options: { maxWidthPx: 500 }, expected: 'rgbw', size: [64, 32] },
    ];
    for (const { options, expected, size } of turns) {
      it(`crops, rotates, flips and sizes in this order: ${JSON.stringify(options)}`, async () => {
        const pixels = await decoded(await jpegOf(quarters(64, 32)), options);
        assert.deepEqual([pixels.widthPx, pixels.heightPx], size);
        assert.equal(letters(pixels), expected);
        const told = reshapedSize({ widthPx: 64, heightPx: 32 }, { ...asIs, ...options });
        assert.deepEqual([told.widthPx, told.heightPx], size);
      });

      it(`gives the bytes of decode() and encode() in one go: ${JSON.stringify(options)}`, async () => {
        const jpeg = await jpegOf(quarters(64, 32), { orientation: 1 });
        const coding = { quality: 80, encoder: 'fast' as const };
        const apart = await codec.encode(await decoded(jpeg, options), coding);
        const together = await codec.transcode(jpeg, { ...asIs, ...options, ...coding });
        assert.deepEqual(together, apart);
      });
    }

    it('crops a picture that EXIF turned as it stands upright', async () => {
      const jpeg = await jpegOf(quarters(64, 32), { orientation: 6 });
      const pixels = await decoded(jpeg, { crop: { left: 0, top: 0, width: 1, height: 0.5 } });
      assert.deepEqual([pixels.widthPx, pixels.heightPx, letters(pixels)], [32, 32, 'brbr']);
    });

    it('keeps at least one pixel of a crop that is smaller than that', async () => {
      const pixels = await decoded(await jpegOf(quarters(8, 8)), {
        crop: { left: 1, top: 1, width: 0, height: 0 },
      });
      assert.deepEqual([pixels.widthPx, pixels.heightPx], [1, 1]);
    });

    it('gives one channel when greyscale, whatever else is asked', async () => {
      for (const options of [{}, { rotateDegrees: 90, flip: 'both', crop: half }] as const) {
        const pixels = await decoded(await jpegOf(quarters(64, 32)), { greyscale: true, ...options });
        assert.equal(pixels.channels, 1);
        assert.equal(pixels.data.length, pixels.widthPx * pixels.heightPx);
      }
    });

    it('reads a JPEG that has only luma', async () => {
      const pixels = await decoded(await jpegOf(quarters(64, 32), { greyscale: true }));
      assert.equal(pixels.data.length, 64 * 32 * pixels.channels);
    });
  });

  describe('encode()', () => {
    it('gives a whole JPEG with halved chroma, narrower where asked, never wider', async () => {
      for (const [widthPx, expected] of [
        [undefined, 64],
        [16, 16],
        [500, 64],
      ] as const) {
        const jpeg = await codec.encode(quarters(64, 32), {
          quality: 80,
          encoder: 'fast',
          ...(widthPx === undefined ? {} : { widthPx }),
        });
        const found = readJpegStructure(jpeg);
        assert.ok(found.kind === 'complete' && found.widthPx === expected);
        assert.equal((await sharp(jpeg).metadata()).chromaSubsampling, '4:2:0');
      }
    });

    it('gives fewer bytes with mozjpeg', async () => {
      const photo = await decoded(await jpegOf(noise(320, 240)), { maxWidthPx: 200 });
      const [fast, mozjpeg] = await Promise.all(
        (['fast', 'mozjpeg'] as const).map((encoder) => codec.encode(photo, { quality: 75, encoder })),
      );
      assert.ok(fast !== undefined && mozjpeg !== undefined && mozjpeg.length < fast.length);
    });

    it('keeps one channel as one', async () => {
      const grey = await decoded(await jpegOf(quarters(64, 32)), { greyscale: true });
      const jpeg = await codec.encode(grey, { quality: 80, encoder: 'fast' });
      assert.equal((await sharp(jpeg).metadata()).channels, 1);
    });
  });
});
