import assert from 'node:assert/strict';
import { createTestDriver } from '../../src/capture/test-driver.ts';
import { drawTestPicture, testColour } from '../../src/capture/test-picture.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createJpegCodec, type Pixels } from '../../src/support/jpeg.ts';
import { never } from './capture-bench.ts';

const codec = createJpegCodec();

/** The mean colour of what is coloured at all. */
function dominantColour({ data }: Pixels): readonly number[] {
  const sums = [0, 0, 0];
  let count = 0;
  for (let at = 0; at < data.length; at += 3) {
    const rgb = [...data.subarray(at, at + 3)];
    if (Math.max(...rgb) - Math.min(...rgb) < 60) continue;
    count += 1;
    rgb.forEach((value, channel) => (sums[channel] = (sums[channel] ?? 0) + value));
  }
  return sums.map((sum) => sum / count);
}

describe('drawTestPicture()', () => {
  it('draws at any size', () => {
    for (const [widthPx, heightPx] of [
      [1, 1],
      [7, 3],
      [16, 2000],
      [2000, 2],
      [1920, 1080],
    ] as const) {
      const pixels = drawTestPicture({ widthPx, heightPx, counter: 123_456, time: new Date(0), seed: 0 });
      assert.equal(pixels.data.length, widthPx * heightPx * 3);
    }
  });

  it('shows one colour, another for each counter', () => {
    for (let counter = 1; counter <= 7; counter += 1) {
      const pixels = drawTestPicture({
        widthPx: 320,
        heightPx: 240,
        counter,
        time: new Date(0),
        seed: counter,
      });
      dominantColour(pixels).forEach((value, channel) => {
        const expected = testColour(counter).rgb[channel] ?? 0;
        assert.ok(
          Math.abs(value - expected) < 3,
          `${testColour(counter).name}: ${String(value)}, ${String(expected)}`,
        );
      });
      assert.notEqual(testColour(counter).name, testColour(counter + 1).name);
    }
  });

  it('draws the same picture from the same facts, another for another time', () => {
    const facts = { widthPx: 320, heightPx: 240, counter: 1, time: new Date(0), seed: 5 };
    assert.deepEqual(drawTestPicture(facts).data, drawTestPicture(facts).data);
    assert.notDeepEqual(
      drawTestPicture(facts).data,
      drawTestPicture({ ...facts, time: new Date(1000) }).data,
    );
  });
});

describe('createTestDriver()', () => {
  it('gives another picture each time, with the time that is drawn in it', async () => {
    const time = new Date('2031-05-06T07:08:09.010Z');
    const clock = { ...createSystemClock(), now: () => time };
    const random = { fraction: () => 0.5, uuid: () => '' };
    const driver = createTestDriver({ settings: { widthPx: 320, heightPx: 240 }, clock, random, codec });
    const first = await driver.capture({ signal: never, deadlineMs: 1000 });
    const second = await driver.capture({ signal: never, deadlineMs: 1000 });
    assert.ok(first.kind === 'captured' && second.kind === 'captured');
    assert.equal(first.capturedAt, time);
    assert.notDeepEqual(Buffer.from(first.bytes), Buffer.from(second.bytes));
  });
});
