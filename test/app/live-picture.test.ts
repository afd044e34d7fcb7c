import assert from 'node:assert/strict';
import { createLiveConfig } from '../../src/app/live-config.ts';
import { createLivePicture, type LivePicture } from '../../src/app/live-picture.ts';
import { configOf } from '../../src/config/schema.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { createFixedRandom } from '../helpers/fixed-random.ts';
import { createRecordingLog } from '../helpers/recording-log.ts';
import { jpegOf, noise } from '../support/jpeg-samples.ts';

function livePicture(): LivePicture {
  const never = (): never => {
    throw new Error('a fit needs no program, no camera and no trigger');
  };
  return createLivePicture({
    live: createLiveConfig(configOf(new Map([['camera.driver', 'test']]))),
    ...{ clock: createFakeClock(), log: createRecordingLog(), random: createFixedRandom(), run: never },
    machine: {
      ...{ hostName: 'here', userId: 1000, nodePath: process.execPath, kill: never, env: {} },
      temporaryFolder: '/tmp',
    },
    ...{ camera: { capture: never, rest: never, close: never }, take: never },
    host: { throttled: () => false },
  });
}

describe('createLivePicture()', () => {
  it('begins no encode of a fit that is called off', async () => {
    const frame = {
      jpeg: await jpegOf(noise(160, 120)),
      widthPx: 160,
      heightPx: 120,
      capturedAt: new Date(0),
    };
    const outcome = await livePicture().fit(frame, { budgetBytes: 3000 }, AbortSignal.abort());
    assert.deepEqual(outcome, { kind: 'undecodable', detail: 'Cannot encode picture: it was called off' });
  });
});
