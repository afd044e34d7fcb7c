import assert from 'node:assert/strict';
import sinon from 'sinon';
import { createFit, type FitSettings } from '../../src/fit/fit-frame.ts';
import { FIT_MS_MAX, fitInTime } from '../../src/fit/fit-in-time.ts';
import { createJpegCodec } from '../../src/support/jpeg.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { jpegOf, noise } from '../support/jpeg-samples.ts';

const codec = createJpegCodec();
const settings: FitSettings = {
  ...{ maxWidthPx: 0, minWidthPx: 16, minQuality: 40, maxQuality: 90, deviceId: 'pi-1' },
  ...{ encoder: 'fast', greyscale: false, rotateDegrees: 0, flip: 'none' },
};
const bounds = { budgetBytes: 3000 };

async function frame() {
  return { jpeg: await jpegOf(noise(160, 120)), widthPx: 160, heightPx: 120, capturedAt: new Date(0) };
}

describe('fitInTime()', () => {
  for (const slow of ['decode', 'encode'] as const) {
    it(`gives a frame up whose ${slow} takes too long, and begins no other encode`, async () => {
      const clock = createFakeClock();
      let goOn = (): void => undefined;
      const held = new Promise<void>((resolve) => (goOn = resolve));
      const decode = sinon.spy(async (...args: Parameters<typeof codec.decode>) => {
        if (slow === 'decode') await held;
        return codec.decode(...args);
      });
      const encode = sinon.spy(async (...args: Parameters<typeof codec.encode>) => {
        await held;
        return codec.encode(...args);
      });
      const fit = sinon.spy(createFit({ codec: { ...codec, decode, encode }, settings }));
      const fitting = fitInTime({ clock, fit }, await frame(), bounds);
      const begun = slow === 'decode' ? decode : encode;
      while (!begun.called) await clock.advance(0);
      await clock.advance(FIT_MS_MAX);
      assert.deepEqual(await fitting, { kind: 'undecodable', detail: 'not fitted within 60000 ms' });
      goOn();
      const abandoned = await fit.firstCall.returnValue;
      assert.deepEqual(abandoned, {
        kind: 'undecodable',
        detail: 'Cannot encode picture: it was called off',
      });
      assert.equal(encode.callCount, slow === 'decode' ? 0 : 1);
    });
  }

  it('gives what the fit gives, and leaves no timer behind', async () => {
    const clock = createFakeClock();
    const fit = createFit({ codec, settings });
    const outcome = await fitInTime({ clock, fit }, await frame(), bounds);
    assert.ok(outcome.kind === 'fitted' && outcome.image.jpeg.length <= bounds.budgetBytes);
    assert.equal(clock.timers(), 0);
  });
});
