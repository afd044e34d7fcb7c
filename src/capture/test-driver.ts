// A camera without a camera: draws a new test picture for each capture. It opens no device and reads no file.
import type { Random } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import type { JpegCodec } from '../support/jpeg.ts';
import type { CameraSettings } from './camera-settings.ts';
import type { Driver } from './driver.ts';
import { drawTestPicture } from './test-picture.ts';

export interface TestDriverOptions {
  readonly settings: Pick<CameraSettings, 'widthPx' | 'heightPx'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly codec: Pick<JpegCodec, 'encode'>;
}

export function createTestDriver({ settings, clock, random, codec }: TestDriverOptions): Driver {
  let counter = 0;
  return {
    async capture() {
      counter += 1;
      const capturedAt = clock.now();
      const pixels = drawTestPicture({
        widthPx: settings.widthPx,
        heightPx: settings.heightPx,
        counter,
        time: capturedAt,
        seed: Math.floor(random.fraction() * 2 ** 32),
      });
      const bytes = await codec.encode(pixels, { quality: CAMERA_QUALITY, encoder: 'fast' });
      return { kind: 'captured', bytes, capturedAt };
    },
  };
}

// About what webcams give: well above the budget at 1280x720, so that the fit has work to do.
const CAMERA_QUALITY = 95;
