import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import sinon from 'sinon';
import systeminformation from 'systeminformation';
import type { CaptureOutcome, Link } from '../../src/domain.ts';
import { createStatus, type Status } from '../../src/status/status.ts';
import { createSystemClock, type Clock } from '../../src/support/clock.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { createFakeLink } from '../helpers/fake-link.ts';

const at = new Date('2031-05-06T07:08:09.010Z');
const captured: CaptureOutcome = {
  kind: 'captured',
  frame: { jpeg: Buffer.of(1), widthPx: 4, heightPx: 3, capturedAt: at },
};
const failed: CaptureOutcome = { kind: 'failed', cause: 'busy', detail: 'd', remedy: 'r' };
const classification = { label: 'Chihuahua', confidence: 0.9 };

function create(timers: Clock = createSystemClock()): Status {
  // Wider than the options ask for, as the configuration is that the program hands in.
  const camera = { driver: 'url', device: 'auto', url: 'http://user:secret@camera/', widthPx: 1280 };
  return createStatus({
    clock: { ...timers, now: () => new Date('2031-05-06T07:08:10.000Z') },
    address: { topic: 'status', retain: true, deviceId: 'pi-1' },
    version: '1.2.3',
    config: () => ({ hash: 'abc', state: 'applied' }),
    camera,
    diskPath: tmpdir(),
    paused: () => true,
    outbox: () => ({ entries: 1, bytes: 5, quarantined: 0 }),
    clockSynchronised: () => true,
    counters: () => ({ 'capture.done': 2 }),
  });
}

async function told(status: Status): Promise<Readonly<Record<string, unknown>>> {
  const link = createFakeLink();
  await status.sayOffline(link);
  return JSON.parse(Buffer.from(link.published[0]?.payload ?? '').toString()) as Record<string, unknown>;
}

describe('createStatus()', () => {
  afterEach(() => {
    sinon.restore();
  });

  it('says offline with what it knew of the machine when a sensor hangs', async () => {
    const full = { total: 81, available: 7 } as systeminformation.Systeminformation.MemData;
    const memory = sinon.stub(systeminformation, 'mem').resolves(full);
    const status = create(createFakeClock());
    const stop = new AbortController();
    await new Promise((resolve) => {
      const link = createFakeLink();
      const publish: Link['publish'] = (message) => {
        resolve(message);
        return link.publish(message);
      };
      void status.run({ ...link, publish }, stop.signal);
    });
    memory.returns(new Promise(() => undefined));
    const { state, host } = await told(status);
    stop.abort();
    assert.deepEqual([state, (host as Record<string, unknown>)['memory_bytes']], ['offline', full]);
  });

  const nothing = { captured_at: null, acknowledged_at: null, classification: null };
  const camera = { driver: 'url', device: 'auto' };
  const cases: readonly [string, (status: Status) => void, object, object][] = [
    ['knows nothing of an unused camera', () => undefined, { ...camera, state: 'unused' }, nothing],
    [
      'says ok and when of a picture',
      (status) => status.captured(captured),
      { ...camera, state: 'ok' },
      { ...nothing, captured_at: at.toISOString() },
    ],
    [
      'says failing and why of a camera that fails',
      (status) => status.captured(failed),
      { ...camera, state: 'failing', cause: 'busy' },
      nothing,
    ],
    [
      'keeps the time of the last picture when the next one fails',
      (status) => {
        status.captured(captured);
        status.captured(failed);
      },
      { ...camera, state: 'failing', cause: 'busy' },
      { ...nothing, captured_at: at.toISOString() },
    ],
    [
      'forgets the cause when the camera is well again',
      (status) => {
        status.captured(failed);
        status.captured(captured);
      },
      { ...camera, state: 'ok' },
      { ...nothing, captured_at: at.toISOString() },
    ],
    [
      'knows when the last request was acknowledged',
      (status) => status.acknowledged(),
      { ...camera, state: 'unused' },
      { ...nothing, acknowledged_at: '2031-05-06T07:08:10.000Z' },
    ],
    [
      'knows the last classification',
      (status) => status.classified(classification),
      { ...camera, state: 'unused' },
      { ...nothing, classification },
    ],
  ];
  for (const [what, happens, cameraTold, lastTold] of cases) {
    it(what, async () => {
      const status = create();
      happens(status);
      const { camera: cameraNow, last } = await told(status);
      assert.deepEqual([cameraNow, last], [cameraTold, lastTold]);
    });
  }

  it('tells who it is, what it runs on and what it has counted', async () => {
    const { host, camera: cameraNow, last, ...rest } = await told(create());
    assert.deepEqual(rest, {
      state: 'offline',
      version: '1.2.3',
      device_id: 'pi-1',
      config: { hash: 'abc', state: 'applied' },
      outbox: { entries: 1, bytes: 5, quarantined: 0 },
      paused: true,
      counters: { 'capture.done': 2 },
    });
    assert.deepEqual(Object.keys(host ?? {}).sort(), [
      'clock_synchronised',
      'cpu_temperature_c',
      'disk_free_bytes',
      'memory_bytes',
      'model',
      'throttled',
    ]);
    assert.doesNotMatch(JSON.stringify([cameraNow, last]), /secret/);
  });
});
