import assert from 'node:assert/strict';
import { statusPayload, willPayload, type StatusFacts } from '../../src/status/status-message.ts';

const facts: StatusFacts = {
  version: '1.2.3',
  deviceId: 'pi-1',
  paused: false,
  config: { hash: 'abc', state: 'applied' },
  outbox: { entries: 2, bytes: 250_000, quarantined: 1 },
  camera: { driver: 'node-webcam', device: 'auto', state: 'failing', cause: 'noDevice' },
  last: {
    captured_at: '2031-05-06T07:08:09.010Z',
    acknowledged_at: null,
    classification: { label: 'Chihuahua', confidence: 0.9 },
  },
  host: {
    model: 'Raspberry Pi 400',
    cpu_temperature_c: 41.5,
    throttled: 0,
    memory_bytes: { total: 4_000_000_000, available: 3_000_000_000 },
    disk_free_bytes: 9_000_000_000,
  },
  clockSynchronised: true,
  counters: { 'trigger.accepted': 3 },
};
const parse = (payload: Uint8Array): unknown => JSON.parse(Buffer.from(payload).toString());

describe('statusPayload()', () => {
  it('has the names and the shape of the contract', () => {
    const { version, config, outbox, camera, last, host, counters } = facts;
    assert.deepEqual(parse(statusPayload('online', facts)), {
      state: 'online',
      device_id: 'pi-1',
      paused: false,
      host: { ...host, clock_synchronised: true },
      ...{ version, config, outbox, camera, last, counters },
    });
  });

  it('says null of what the machine does not know', () => {
    const host = {
      model: null,
      cpu_temperature_c: null,
      throttled: null,
      memory_bytes: null,
      disk_free_bytes: null,
    };
    const payload = statusPayload('offline', { ...facts, host, clockSynchronised: false });
    const { state, host: told } = parse(payload) as { state: string; host: unknown };
    assert.deepEqual([state, told], ['offline', { ...host, clock_synchronised: false }]);
  });

  it('is far below the size of a picture', () => {
    assert.ok(statusPayload('online', facts).length < 2000);
  });
});

describe('willPayload()', () => {
  it('holds what is true when we are gone, and nothing else', () => {
    assert.deepEqual(parse(willPayload(facts)), { state: 'offline', version: '1.2.3', device_id: 'pi-1' });
  });
});
