import assert from 'node:assert/strict';
import sinon from 'sinon';
import { checkFrame } from '../../src/capture/check-frame.ts';
import { FRAME_BYTES_MAX } from '../../src/capture/driver.ts';
import { drawTestPicture } from '../../src/capture/test-picture.ts';
import { createJpegCodec } from '../../src/support/jpeg.ts';
import { readJpegStructure } from '../../src/support/jpeg-structure.ts';
import {
  concat,
  ffmpegJpegOf,
  halvedAcross,
  jpegOf,
  noise,
  quarters,
  solid,
  withRestarts,
} from '../support/jpeg-samples.ts';

const codec = createJpegCodec();

describe('checkFrame()', () => {
  const whole = [
    { what: 'of noise', picture: () => jpegOf(noise(24, 16)) },
    { what: 'in grey', picture: () => jpegOf(noise(40, 24), { greyscale: true }) },
    { what: 'in progressive scans', picture: () => jpegOf(noise(24, 16), { progressive: true }) },
    { what: 'with an Exif header', picture: () => jpegOf(quarters(48, 32), { orientation: 6 }) },
    { what: 'of one colour', picture: () => jpegOf(solid(64, 64, [12, 200, 90])) },
  ];
  for (const { what, picture } of whole) {
    it(`refuses a JPEG ${what} cut at any byte`, async () => {
      const jpeg = await picture();
      assert.equal((await checkFrame(jpeg, codec)).kind, 'good');
      for (let length = 0; length < jpeg.length; length += 1) {
        const check = await checkFrame(jpeg.subarray(0, length), codec);
        assert.equal(check.kind, 'bad', `cut at ${String(length)}`);
      }
    });
  }

  const sampled = [
    { what: '4:4:4', picture: () => jpegOf(noise(64, 48)) },
    { what: '4:4:4 of 45 lines', picture: () => jpegOf(noise(64, 45)) },
    { what: '4:2:0', picture: () => jpegOf(noise(64, 48), { sampling: '4:2:0' }) },
    { what: '4:2:0 of 40 lines', picture: () => jpegOf(noise(64, 40), { sampling: '4:2:0' }) },
    { what: 'grey', picture: () => jpegOf(noise(64, 48), { greyscale: true }) },
    { what: '4:2:2 by ffmpeg', picture: () => ffmpegJpegOf(noise(64, 48), 'yuvj422p') },
    { what: '4:2:2 of 40 lines by ffmpeg', picture: () => ffmpegJpegOf(noise(64, 40), 'yuvj422p') },
    { what: '4:4:4 of 40 lines by ffmpeg', picture: () => ffmpegJpegOf(noise(64, 40), 'yuvj444p') },
    { what: '4:2:2 of 2x1', picture: () => halvedAcross(64, 40) },
    { what: '4:2:2 of 2x1 and 45 lines', picture: () => halvedAcross(64, 45) },
    { what: 'restarted at each row', picture: () => withRestarts(noise(64, 8), 5) },
  ];
  for (const { what, picture } of sampled) {
    it(`refuses a picture in ${what} whose last rows are missing before its EOI`, async () => {
      const jpeg = await picture();
      assert.equal((await checkFrame(jpeg, codec)).kind, 'good');
      for (let missing = 3; missing < jpeg.length / 4; missing += 5) {
        const cut = concat(jpeg.subarray(0, jpeg.length - 2 - missing), Uint8Array.of(0xff, 0xd9));
        if (readJpegStructure(cut).kind === 'broken') continue; // it was cut inside a marker
        assert.equal((await checkFrame(cut, codec)).kind, 'bad', `${String(missing)} bytes are missing`);
      }
    });
  }

  it('refuses what is no JPEG, too large or too many pixels before any decoder sees it', async () => {
    const inspect = sinon.stub().rejects(new Error('decoded'));
    const bomb = Uint8Array.from(await jpegOf(solid(16, 16, [9, 9, 9])));
    bomb.set([0xff, 0xff, 0xff, 0xff], Buffer.from(bomb).indexOf(Uint8Array.of(0xff, 0xc0)) + 5);
    const jpeg = await jpegOf(noise(16, 16));
    const padded = concat(jpeg, new Uint8Array(FRAME_BYTES_MAX));
    for (const bytes of [new Uint8Array(0), Buffer.from('GIF89a'), padded, bomb]) {
      assert.equal((await checkFrame(bytes, { ...codec, inspect })).kind, 'bad');
    }
    sinon.assert.notCalled(inspect);
  });

  it('refuses a picture whose middle is damaged', async () => {
    const jpeg = Uint8Array.from(await jpegOf(noise(160, 120)));
    // Stray restart markers: they look whole from outside.
    const middle = Math.floor(jpeg.length / 2);
    for (let at = middle; at < middle + 100; at += 2) jpeg.set([0xff, 0xd3], at);
    assert.equal(readJpegStructure(jpeg).kind, 'complete');
    const check = await checkFrame(jpeg, codec);
    assert.equal(check.kind, 'bad');
  });

  it('gives the granted size and cuts padding off', async () => {
    const jpeg = await jpegOf(quarters(64, 32));
    const check = await checkFrame(concat(jpeg, new Uint8Array(100)), codec);
    assert.ok(check.kind === 'good' && check.suspect === undefined);
    assert.deepEqual([check.widthPx, check.heightPx], [64, 32]);
    assert.deepEqual(Buffer.from(check.jpeg), Buffer.from(jpeg));
  });

  const dark = noise(320, 240);
  dark.data.forEach((value, at) => {
    dark.data[at] = value % 10;
  });
  const lamp = solid(320, 240, [1, 1, 1]);
  for (let y = 100; y < 130; y += 1) lamp.data.fill(250, (y * 320 + 150) * 3, (y * 320 + 190) * 3);
  const scene = drawTestPicture({ widthPx: 320, heightPx: 240, counter: 1, time: new Date(0), seed: 1 });
  for (const { what, pixels, suspect } of [
    { what: 'black', pixels: solid(320, 240, [0, 0, 0]), suspect: 'black' },
    { what: 'the noise of a covered lens', pixels: dark, suspect: 'black' },
    { what: 'all green', pixels: solid(320, 240, [0, 135, 0]), suspect: 'flat' },
    { what: 'all white', pixels: solid(320, 240, [255, 255, 255]), suspect: 'flat' },
    { what: 'a lamp at night', pixels: lamp, suspect: undefined },
    { what: 'a scene', pixels: scene, suspect: undefined },
  ]) {
    it(`says ${suspect ?? 'nothing'} of ${what}`, async () => {
      const check = await checkFrame(await jpegOf(pixels), codec);
      assert.ok(check.kind === 'good');
      assert.equal(check.suspect, suspect);
    });
  }
});
