import assert from 'node:assert/strict';
import { failed, type CaptureLimits, type Driver, type RawOutcome } from '../../src/capture/driver.ts';
import type { CameraSettings } from '../../src/capture/camera-settings.ts';
import { createCheckedCamera } from '../../src/capture/take-frame.ts';
import type { Camera } from '../../src/domain.ts';
import { createSystemClock, type Clock } from '../../src/support/clock.ts';
import { createJpegCodec } from '../../src/support/jpeg.ts';
import { jpegOf, quarters, solid } from '../support/jpeg-samples.ts';
import { never } from './capture-bench.ts';

const codec = createJpegCodec();
const at = new Date('2031-05-06T07:08:09.010Z');

/** A driver that gives what it was told, in turn. */
function driverOf(...given: readonly RawOutcome[]): Driver & { calls: number; warmUps: unknown[] } {
  const driver = {
    calls: 0,
    warmUps: [] as unknown[],
    capture: ({ warmUp }: CaptureLimits) => {
      driver.calls += 1;
      driver.warmUps.push(warmUp);
      return Promise.resolve(given[driver.calls - 1] ?? failed('noDevice', 'gone', 'none'));
    },
  };
  return driver;
}

interface CameraChange {
  readonly onSuspect?: 'publish' | 'fail';
  readonly clock?: Clock;
  readonly name?: CameraSettings['driver'];
  readonly device?: string;
}

function cameraOf(driver: Driver, change: CameraChange = {}): Camera {
  const {
    onSuspect = 'publish',
    clock = createSystemClock(),
    name = 'node-webcam',
    device = 'auto',
  } = change;
  const settings = { driver: name, device, timeoutSeconds: 5, onSuspect };
  return createCheckedCamera({ driver, codec, clock, settings });
}

describe('createCheckedCamera()', () => {
  let good: RawOutcome;
  let other: RawOutcome;
  let tall: RawOutcome;
  let wide: RawOutcome;
  let black: RawOutcome;
  let flat: RawOutcome;
  let cut: RawOutcome;

  before(async () => {
    const raw = (bytes: Uint8Array): RawOutcome => ({ kind: 'captured', bytes, capturedAt: at });
    const picture = await jpegOf(quarters(64, 32));
    good = raw(picture);
    other = raw(await jpegOf(quarters(64, 32), { progressive: true }));
    tall = raw(await jpegOf(quarters(32, 64)));
    wide = raw(await jpegOf(quarters(96, 32)));
    cut = raw(picture.subarray(0, picture.length - 9));
    black = raw(await jpegOf(solid(64, 32, [0, 0, 0])));
    flat = raw(await jpegOf(solid(64, 32, [0, 135, 0])));
  });

  it("hands on the driver's failure", async () => {
    const failure = failed('busy', 'detail', 'remedy');
    assert.deepEqual(await cameraOf(driverOf(failure)).capture(never), failure);
  });

  it('says badFrame of a picture that is not whole, also when taken again', async () => {
    const driver = driverOf(cut, cut, good);
    const outcome = await cameraOf(driver).capture(never);
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'badFrame');
    assert.equal(driver.calls, 2);
  });

  it('takes no second picture from a file whose first one is not whole', async () => {
    const driver = driverOf(cut, good);
    const outcome = await cameraOf(driver, { name: 'file' }).capture(never);
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'badFrame');
    assert.equal(driver.calls, 1);
  });

  it('gives the retake where the first picture was not whole', async () => {
    const driver = driverOf(cut, good);
    assert.equal((await cameraOf(driver).capture(never)).kind, 'captured');
    assert.deepEqual(driver.warmUps, [undefined, 'longer']);
  });

  it('says badFrame of a whole picture that was made from a cut one, also when taken again', async () => {
    assert.ok(good.kind === 'captured' && cut.kind === 'captured');
    const madeUp: RawOutcome = { ...good, cameraJpeg: cut.bytes };
    const driver = driverOf(madeUp, madeUp);
    const outcome = await cameraOf(driver).capture(never);
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'badFrame');
    assert.match(outcome.detail, /cut it short/);
    assert.equal(driver.calls, 2);
  });

  it('takes a picture whose rest is middle grey, which is no proof of anything', async () => {
    const pixels = solid(64, 64, [128, 128, 128]);
    pixels.data.set(quarters(64, 32).data);
    const bytes = await jpegOf(pixels);
    const raw: RawOutcome = { kind: 'captured', bytes, capturedAt: at, cameraJpeg: bytes };
    assert.equal((await cameraOf(driverOf(raw)).capture(never)).kind, 'captured');
  });

  it('gives a good frame from one capture', async () => {
    const driver = driverOf(good, black);
    const outcome = await cameraOf(driver).capture(never);
    assert.ok(outcome.kind === 'captured');
    assert.deepEqual([driver.calls, outcome.frame.capturedAt, outcome.frame.suspect], [1, at, undefined]);
  });

  it('gives the second frame where the first was suspect', async () => {
    const driver = driverOf(black, good);
    const outcome = await cameraOf(driver).capture(never);
    assert.ok(outcome.kind === 'captured' && outcome.frame.suspect === undefined);
    assert.deepEqual(driver.warmUps, [undefined, 'longer']);
  });

  it('says badFrame of a physical camera that gives the bytes of its last frame, also when taken again', async () => {
    const driver = driverOf(good, good, good, other);
    const camera = cameraOf(driver);
    assert.equal((await camera.capture(never)).kind, 'captured');
    const outcome = await camera.capture(never);
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'badFrame');
    assert.match(outcome.detail, /frozen/);
    assert.deepEqual(driver.warmUps, [undefined, undefined, 'longer']);
    assert.equal((await camera.capture(never)).kind, 'captured');
  });

  it('gives the retake where a physical camera gave the bytes of its last frame once', async () => {
    const driver = driverOf(good, good, other);
    const camera = cameraOf(driver);
    await camera.capture(never);
    assert.equal((await camera.capture(never)).kind, 'captured');
    assert.equal(driver.calls, 3);
  });

  it("hands on the failure of a retake that was to replace the last frame's bytes", async () => {
    const camera = cameraOf(driverOf(good, good, failed('noDevice', 'unplugged', 'plug')));
    await camera.capture(never);
    const outcome = await camera.capture(never);
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'noDevice');
  });

  it('remembers the last frame that showed something behind black ones', async () => {
    const camera = cameraOf(driverOf(good, black, black, black, black, good, good));
    await camera.capture(never);
    for (let turn = 0; turn < 2; turn += 1) {
      const outcome = await camera.capture(never);
      assert.ok(outcome.kind === 'captured' && outcome.frame.suspect === 'black');
    }
    assert.equal((await camera.capture(never)).kind, 'failed');
  });

  const sizes: readonly { says: string; given: () => readonly RawOutcome[]; causes: readonly string[] }[] = [
    {
      says: 'refuses a frame of another size when the retake has a third one',
      given: () => [good, tall, wide, other],
      causes: ['captured', 'badFrame', 'captured'],
    },
    {
      says: 'refuses it again at the next capture, however often it was refused',
      given: () => [good, tall, wide, wide, tall],
      causes: ['captured', 'badFrame', 'badFrame'],
    },
    {
      says: 'hands on the failure of a retake for another size',
      given: () => [good, tall, failed('noDevice', 'unplugged', 'plug')],
      causes: ['captured', 'noDevice'],
    },
    {
      says: 'takes the retake that has the granted size, and keeps that size',
      given: () => [good, tall, other, tall, good],
      causes: ['captured', 'captured', 'captured'],
    },
    {
      says: 'takes another size that the retake has as well, from then on',
      given: () => [good, tall, wide, tall, tall, wide, good],
      causes: ['captured', 'badFrame', 'captured', 'badFrame'],
    },
  ];
  for (const { says, given, causes } of sizes) {
    it(`${says}, from a physical camera`, async () => {
      const camera = cameraOf(driverOf(...given()));
      for (const cause of causes) {
        const outcome = await camera.capture(never);
        assert.equal(outcome.kind === 'failed' ? outcome.cause : outcome.kind, cause);
      }
    });
  }

  it('takes frames of any size from a file', async () => {
    const driver = driverOf(good, tall);
    const camera = cameraOf(driver, { name: 'file' });
    for (let turn = 0; turn < 2; turn += 1) assert.equal((await camera.capture(never)).kind, 'captured');
    assert.equal(driver.calls, 2);
  });

  for (const change of [{ name: 'file' }, { name: 'test' }, { device: 'TEST' }] as const) {
    it(`takes the same bytes again from ${Object.values(change).join()}`, async () => {
      const driver = driverOf(good, good);
      const camera = cameraOf(driver, change);
      await camera.capture(never);
      assert.equal((await camera.capture(never)).kind, 'captured');
      assert.equal(driver.calls, 2);
    });
  }

  it('closes its driver', async () => {
    let closed = 0;
    const close = (): Promise<void> => {
      closed += 1;
      return Promise.resolve();
    };
    await cameraOf({ ...driverOf(), close }).close();
    assert.equal(closed, 1);
  });

  it('flags a frame that is suspect twice, and retakes no third', async () => {
    const driver = driverOf(black, flat, good);
    const outcome = await cameraOf(driver).capture(never);
    assert.ok(outcome.kind === 'captured' && outcome.frame.suspect === 'flat');
    assert.equal(driver.calls, 2);
  });

  it('keeps the suspect frame where the retake fails', async () => {
    const outcome = await cameraOf(driverOf(flat, cut)).capture(never);
    assert.ok(outcome.kind === 'captured' && outcome.frame.suspect === 'flat');
  });

  it('fails on a suspect frame where the settings say so', async () => {
    const outcome = await cameraOf(driverOf(black, black), { onSuspect: 'fail' }).capture(never);
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'badFrame');
    assert.match(outcome.detail, /black/);
  });

  it('says timeout of a driver that does not come back, then wedged, and works when it has', async () => {
    let comeBack: ((outcome: RawOutcome) => void) | undefined;
    let calls = 0;
    const driver: Driver = {
      capture: () => {
        calls += 1;
        return calls > 1 ? Promise.resolve(good) : new Promise((resolve) => (comeBack = resolve));
      },
    };
    const clock = hastyClock();
    const camera = cameraOf(driver, { clock });
    const first = await camera.capture(never);
    assert.ok(first.kind === 'failed' && first.cause === 'timeout');
    const second = await camera.capture(never);
    assert.ok(second.kind === 'failed' && second.cause === 'wedged');
    assert.equal(calls, 1);
    comeBack?.(failed('timeout', 'late', 'none'));
    clock.hasty = false;
    await new Promise(setImmediate);
    assert.equal((await camera.capture(never)).kind, 'captured');
  });

  it('tells its driver when it is called off', async () => {
    const stop = new AbortController();
    const driver: Driver = {
      capture: ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            resolve(failed('timeout', 'stopped', 'none'));
          });
        }),
    };
    const capture = cameraOf(driver).capture(stop.signal);
    stop.abort();
    assert.equal((await capture).kind, 'failed');
  });
});

/** A clock whose timers ring at once, until it is told to be as slow as real ones. */
function hastyClock(): Clock & { hasty: boolean } {
  const real = createSystemClock();
  const clock = {
    ...real,
    hasty: true,
    timer: (ms: number, action: () => void) => real.timer(clock.hasty ? 0 : ms, action),
  };
  return clock;
}
