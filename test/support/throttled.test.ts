import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  decodeThrottled,
  parseThrottledBits,
  readCpuTemperature,
  readThrottledBits,
} from '../../src/support/throttled.ts';
import { Scope } from '../helpers/scope.ts';

describe('parseThrottledBits()', () => {
  for (const text of ['', 'error=1 error_msg="Command not registered"', '0xzz', '123456789', 'throttled=']) {
    it(`has no bits in ${JSON.stringify(text)}`, () => {
      assert.equal(parseThrottledBits(text), undefined);
    });
  }

  it('reads the file of the kernel and the answer of vcgencmd alike', () => {
    assert.equal(parseThrottledBits('50005\n'), 0x50005);
    assert.equal(parseThrottledBits('throttled=0x50005\n'), 0x50005);
    assert.equal(parseThrottledBits('0'), 0);
  });
});

describe('decodeThrottled()', () => {
  it('tells what is so now from what was so at some time since the boot', () => {
    assert.deepEqual(decodeThrottled(0), { now: [], sinceBoot: [] });
    assert.deepEqual(decodeThrottled(0x50000), { now: [], sinceBoot: ['underVoltage', 'throttled'] });
    assert.deepEqual(decodeThrottled(0xf000a), {
      now: ['frequencyCapped', 'softTemperatureLimit'],
      sinceBoot: ['underVoltage', 'frequencyCapped', 'throttled', 'softTemperatureLimit'],
    });
  });
});

describe('what the machine says of power and heat', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  async function zone(folder: string, name: string, files: Readonly<Record<string, string>>): Promise<void> {
    await mkdir(join(folder, name));
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, name, file), text);
  }

  it('is nothing where there is no such file or folder', async () => {
    const folder = await scope.folder();
    assert.equal(await readThrottledBits(join(folder, 'get_throttled')), undefined);
    assert.equal(await readCpuTemperature(join(folder, 'thermal')), undefined);
  });

  it('is the sensor of the processor, among others', async () => {
    const folder = await scope.folder();
    await zone(folder, 'thermal_zone0', { type: 'acpitz\n', temp: '27800\n' });
    await zone(folder, 'thermal_zone1', { type: 'cpu-thermal\n', temp: '61342\n' });
    assert.equal(await readCpuTemperature(folder), 61.3);
  });

  it('is no temperature where the sensor gives none', async () => {
    const folder = await scope.folder();
    await zone(folder, 'thermal_zone0', { type: 'cpu-thermal\n', temp: '' });
    assert.equal(await readCpuTemperature(folder), undefined);
  });
});
