import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { createJpegCodec, ENCODE_FAILED } from '../../src/support/jpeg.ts';
import { runChild } from '../helpers/child.ts';
import { Scope } from '../helpers/scope.ts';
import { concat, jpegOf, noise, quarters } from './jpeg-samples.ts';

const codec = createJpegCodec();
const exif = { capturedAt: new Date('2026-01-02T03:04:05.678Z'), deviceId: 'pi-1' };
const asIs = { maxWidthPx: 0, rotateDegrees: 0, flip: 'none', greyscale: false } as const;

describe('createJpegCodec()', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  it('gives up pictures that take longer than is allowed, each with a name for it', async function () {
    this.timeout(60_000);
    // Nine at once on one processor: none is done in a second.
    const [, processor = '0'] =
      /^Cpus_allowed_list:\s+(\d+)/m.exec(await readFile('/proc/self/status', 'utf8')) ?? [];
    const script = fileURLToPath(new URL('jpeg-impatient.js', import.meta.url));
    const { code, out, err } = await runChild(scope, {
      file: 'taskset',
      args: ['-c', processor, process.execPath, script],
      env: { ...process.env, UV_THREADPOOL_SIZE: '9' },
    });
    assert.equal(code, 0, err);
    const outcomes = JSON.parse(out) as readonly string[];
    assert.equal(outcomes.length, 9);
    for (const [at, outcome] of outcomes.entries()) {
      // Nothing is wrong with these pictures but their size; what libvips calls it differs, its text is shared by threads.
      const said = at % 3 === 0 ? /^undecodable ./ : /^ENCODE_FAILED Cannot encode picture: ./;
      assert.match(outcome, said);
    }
  });

  describe('transcode()', () => {
    const coding = { ...asIs, quality: 80, encoder: 'fast' as const };

    it('fails with a code where the picture is damaged', async () => {
      const jpeg = await jpegOf(noise(64, 64));
      const short = concat(jpeg.subarray(0, Math.floor(jpeg.length / 2)), Uint8Array.of(0xff, 0xd9));
      for (const damaged of [jpeg.subarray(0, 900), short]) {
        await assert.rejects(codec.transcode(damaged, coding), { code: ENCODE_FAILED });
      }
    });

    it("carries our EXIF and none of the camera's", async () => {
      const shot = await sharp(await jpegOf(quarters(64, 32)))
        .withMetadata({ orientation: 6 })
        .withExifMerge({ IFD0: { Model: 'SecretCam' } })
        .jpeg()
        .toBuffer();
      for (const own of [{}, { exif }]) {
        const metadata = await sharp(await codec.transcode(shot, { ...coding, ...own })).metadata();
        const text = metadata.exif?.toString('latin1') ?? '';
        assert.ok(!text.includes('SecretCam'));
        assert.equal(text.includes('pi-1'), 'exif' in own);
        assert.deepEqual([metadata.width, metadata.height, metadata.orientation ?? 1], [32, 64, 1]);
      }
    });
  });
});
