import assert from 'node:assert/strict';
import { classifyByColour } from '../../src/cli/stand-in-classifier.ts';
import { createJpegCodec } from '../../src/support/jpeg.ts';
import { jpegOf, quarters, solid } from '../support/jpeg-samples.ts';

const codec = createJpegCodec();

describe('classifyByColour()', () => {
  for (const bytes of [new Uint8Array(), Buffer.from('no picture'), Buffer.from([0xff, 0xd8, 0xff, 0xd9])]) {
    it(`says nothing about ${bytes.length} bytes that are no picture`, async () => {
      assert.equal(await classifyByColour(bytes, codec), undefined);
    });
  }

  for (const [rgb, label] of [
    [[0, 0, 0], 'dark grey'],
    [[255, 255, 255], 'bright grey'],
    [[128, 128, 128], 'medium grey'],
    [[255, 0, 0], 'medium red'],
    [[60, 0, 0], 'dark red'],
    [[255, 130, 0], 'bright orange'],
    [[255, 240, 0], 'bright yellow'],
    [[0, 255, 0], 'medium green'],
    [[0, 255, 255], 'bright cyan'],
    [[0, 0, 255], 'dark blue'],
    [[150, 150, 255], 'bright blue'],
    [[255, 0, 255], 'medium magenta'],
  ] as const) {
    it(`calls a picture of ${rgb.join(', ')} ${label}`, async () => {
      const found = await classifyByColour(await jpegOf(solid(64, 48, rgb)), codec);
      assert.deepEqual(found, { label, confidence: 1 });
    });
  }

  it('is as sure as the share of the colour in what is coloured', async () => {
    const found = await classifyByColour(await jpegOf(quarters(96, 96)), codec);
    assert.ok(found !== undefined && Math.abs(found.confidence - 1 / 3) < 0.02, JSON.stringify(found));
  });

  it('takes a greyscale JPEG', async () => {
    const jpeg = await jpegOf(solid(64, 48, [128, 128, 128]), { greyscale: true });
    assert.deepEqual(await classifyByColour(jpeg, codec), { label: 'medium grey', confidence: 1 });
  });
});
