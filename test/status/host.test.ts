import assert from 'node:assert/strict';
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import sinon from 'sinon';
import systeminformation from 'systeminformation';
import { createHost, type HostFacts } from '../../src/status/host.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';

const never = new Promise<never>(() => undefined);
const system = {
  manufacturer: 'Raspberry Pi',
  model: '400',
} as systeminformation.Systeminformation.SystemData;

describe('createHost()', () => {
  afterEach(() => {
    sinon.restore();
  });

  it('says null of whatever fails, and rejects for none of it', async () => {
    const broken = new Error('no such sensor');
    sinon.stub(systeminformation, 'system').rejects(broken);
    sinon.stub(systeminformation, 'mem').rejects(broken);
    const host = createHost({ clock: createFakeClock(), diskPath: '/nowhere/at/all' });
    const { throttled, cpu_temperature_c: temperature, ...facts } = await host.facts();
    assert.deepEqual(facts, {
      model: null,
      memory_bytes: null,
      disk_free_bytes: null,
    });
    assert.ok(temperature === null || Number.isFinite(temperature));
    assert.ok(throttled === null || Number.isInteger(throttled));
  });

  it('waits five seconds for each fact, and no longer', async () => {
    sinon.stub(systeminformation, 'system').returns(never);
    sinon.stub(systeminformation, 'mem').returns(never);
    const clock = createFakeClock();
    const read: HostFacts[] = [];
    const reading = createHost({ clock, diskPath: tmpdir() })
      .facts()
      .then((facts) => read.push(facts));
    await clock.advance(4999);
    assert.equal(read.length, 0);
    await clock.advance(5001);
    await reading;
    const [facts] = read;
    assert.deepEqual([facts?.model, facts?.memory_bytes], [null, null]);
    assert.equal(clock.timers(), 0);
  });

  it('asks for the model once: it is the dearest call, and does not change', async () => {
    const asked = sinon.stub(systeminformation, 'system').resolves(system);
    const host = createHost({ clock: createFakeClock(), diskPath: tmpdir() });
    const models = [(await host.facts()).model, (await host.facts()).model];
    assert.deepEqual([models, asked.callCount], [['Raspberry Pi 400', 'Raspberry Pi 400'], 1]);
  });

  it('says null of a model without a name', async () => {
    sinon.stub(systeminformation, 'system').resolves({ ...system, manufacturer: '', model: '' });
    assert.equal((await createHost({ clock: createFakeClock(), diskPath: tmpdir() }).facts()).model, null);
  });

  it('reads this machine', async () => {
    const facts = await createHost({ clock: createSystemClock(), diskPath: tmpdir() }).facts();
    const { memory_bytes: memory, disk_free_bytes: freeBytes, cpu_temperature_c: temperature } = facts;
    assert.ok(memory !== null && memory.available > 0 && memory.available <= memory.total);
    const { blocks, bsize } = statfsSync(tmpdir());
    assert.ok(freeBytes !== null && freeBytes > 0 && freeBytes <= blocks * bsize);
    assert.ok(temperature === null || (temperature > -50 && temperature < 150));
  });
});
