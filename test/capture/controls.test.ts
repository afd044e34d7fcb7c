import assert from 'node:assert/strict';
import { createControlledDriver } from '../../src/capture/controls.ts';
import type { CaptureLimits, Driver } from '../../src/capture/driver.ts';
import { failed } from '../../src/capture/driver.ts';
import type { FoundDevice } from '../../src/capture/find-device.ts';
import type { Answer, ControlValue } from '../../src/capture/v4l2-ctl.ts';
import { parseControls, type Control } from '../../src/capture/v4l2-text.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';
import { never } from './capture-bench.ts';
import { CONTROLS } from './v4l2-samples.ts';

const NODE = '/dev/video0';

/** A camera that keeps what is set, as the kernel does. */
class FakeCamera {
  values = new Map<string, number>();
  readonly set: ControlValue[][] = [];
  refusal: string | undefined;
  answer: Answer<readonly Control[]> | undefined;

  async controls(): Promise<Answer<readonly Control[]>> {
    const listed = parseControls(CONTROLS);
    const value = listed.map((control) => ({
      ...control,
      value: this.values.get(control.name) ?? control.value,
    }));
    return this.answer ?? { kind: 'answer', value };
  }

  async setControls(node: string, values: readonly ControlValue[]): Promise<Answer<undefined>> {
    assert.equal(node, NODE);
    this.set.push([...values]);
    if (this.refusal !== undefined) return { kind: 'failed', detail: this.refusal };
    for (const { name, value } of values) this.values.set(name, value);
    return { kind: 'answer', value: undefined };
  }
}

describe('createControlledDriver()', () => {
  let camera: FakeCamera;
  let clock: FakeClock;
  let limits: CaptureLimits[];
  let told: (readonly string[])[];
  let found: FoundDevice;

  beforeEach(() => {
    camera = new FakeCamera();
    clock = createFakeClock();
    limits = [];
    told = [];
    found = { kind: 'found', node: NODE };
  });

  function controlled(controls: Readonly<Record<string, number>>): Driver {
    return createControlledDriver({
      driver: {
        capture: async (given) => {
          limits.push(given);
          return { kind: 'captured', bytes: new Uint8Array(), capturedAt: clock.now() };
        },
      },
      find: async () => found,
      v4l2: camera,
      ...{ controls, clock },
      onProblems: (problems) => told.push(problems),
    });
  }

  const capture = (driver: Driver): Promise<{ kind: string }> =>
    driver.capture({ signal: never, deadlineMs: 5000 });

  it('takes the picture all the same where v4l2-ctl is missing or the camera refuses, and says so once', async () => {
    const cases: readonly [() => void, RegExp][] = [
      [() => (camera.answer = { kind: 'missing' }), /v4l2-ctl is not installed.*apt-get install v4l-utils/],
      [() => (camera.answer = { kind: 'failed', detail: 'it hangs' }), /it hangs/],
      [
        () => (camera.refusal = 'Permission denied'),
        /gain: Permission denied, an automatic control may hold it/,
      ],
    ];
    for (const [break_, expected] of cases) {
      camera = new FakeCamera();
      told = [];
      break_();
      const driver = controlled({ gain: 50 });
      assert.equal((await capture(driver)).kind, 'captured');
      assert.equal((await capture(driver)).kind, 'captured');
      assert.equal(told.length, 1);
      assert.match(told[0]?.join() ?? '', expected);
    }
  });

  it('tells of a program that went silent once, whatever it was doing', async () => {
    const silent = { kind: 'failed', detail: 'silent', why: 'silent' } as const;
    const driver = controlled({ gain: 50 });
    camera.setControls = async () => silent;
    await capture(driver);
    camera.answer = silent;
    await capture(driver);
    assert.deepEqual(told, [['Cannot set camera.controls: silent']]);
  });

  it('tells nothing new where the capture had no time to ask', async () => {
    const noTime = { kind: 'failed', detail: 'no time', why: 'noTime' } as const;
    const driver = controlled({ gain: 50 });
    camera.answer = noTime;
    await capture(driver);
    camera.answer = undefined;
    camera.setControls = async () => noTime;
    await capture(driver);
    assert.deepEqual(told, []);
    assert.equal(limits.length, 2);
  });

  it('starts no capture when its time is over or it was called off', async () => {
    const driver = controlled({ gain: 50 });
    const aborted = await driver.capture({ signal: AbortSignal.abort(), deadlineMs: 5000 });
    camera.values.clear();
    camera.setControls = async () => {
      await clock.advance(5000);
      return { kind: 'answer', value: undefined };
    };
    const late = await capture(driver);
    assert.deepEqual([aborted.kind, late.kind, limits.length], ['failed', 'failed', 0]);
  });

  it('says when the problem changes and when it is over', async () => {
    const driver = controlled({ gain: 50 });
    camera.answer = { kind: 'failed', detail: 'busy' };
    await capture(driver);
    camera.answer = { kind: 'missing' };
    await capture(driver);
    camera.answer = undefined;
    await capture(driver);
    await capture(driver);
    assert.deepEqual(
      told.map((problems) => problems.length),
      [1, 1, 0],
    );
  });

  it('closes the driver it is around', async () => {
    let closed = 0;
    const driver = createControlledDriver({
      ...{ find: async () => found, v4l2: camera, controls: { gain: 1 }, clock, onProblems: () => {} },
      driver: {
        capture: async () => failed('busy', 'x', 'y'),
        close: async () => {
          closed += 1;
        },
      },
    });
    await driver.close?.();
    assert.equal(closed, 1);
  });

  it('leaves a device that is not there to the driver', async () => {
    found = failed('noDevice', 'gone', 'plug it in');
    assert.equal((await capture(controlled({ gain: 50 }))).kind, 'captured');
    assert.deepEqual([camera.set, told, limits.length], [[], [], 1]);
  });

  it('gives the driver what is left of the time', async () => {
    camera.setControls = async () => {
      await clock.advance(1200);
      return { kind: 'answer', value: undefined };
    };
    await capture(controlled({ gain: 50 }));
    assert.equal(limits[0]?.deadlineMs, 3800);
  });

  it('sets modes first, each control once, and again after a replug', async () => {
    const driver = controlled({ exposure_time_absolute: 200, auto_exposure: 1 });
    const expected = [
      [{ name: 'auto_exposure', value: 1 }],
      [{ name: 'exposure_time_absolute', value: 200 }],
    ];
    await capture(driver);
    await capture(driver);
    assert.deepEqual(camera.set, expected);
    camera.values.clear();
    await capture(driver);
    assert.deepEqual(camera.set, [...expected, ...expected]);
    assert.deepEqual(told, []);
  });
});
