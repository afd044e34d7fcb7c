// The example tree that is shipped loads as it stands, and its rendering.
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { loadConfig, type Loaded } from '../../src/config/load.ts';
import { schemaKeys } from '../../src/config/schema.ts';
import { explainKey, showConfig, showReference } from '../../src/config/show.ts';

async function loadExample(settings: readonly string[] = []): Promise<Loaded> {
  const outcome = await loadConfig({
    paths: [resolve('config')],
    defaultPathMayBeAbsent: false,
    env: {},
    settings,
    hostName: 'pi400-lab-1',
  });
  assert.equal(outcome.kind, 'loaded');
  return outcome;
}

describe('the example tree', () => {
  it('takes effect from every one of its layers', async () => {
    const { config, files, warnings } = await loadExample();
    assert.deepEqual(
      files.map((path) => path.slice(resolve('config').length + 1)),
      ['fleet.yaml', 'groups/greenhouse.yaml', 'devices/pi400-lab-1.yaml', 'local.yaml'],
    );
    assert.deepEqual(warnings, []);
    assert.equal(config.mqtt.url, 'mqtt://127.0.0.1:1883');
    assert.equal(config.image.maxPayloadBytes, 128_000);
    assert.equal(config.image.maxQuality, 85);
    assert.equal(config.camera.skipFrames, 30);
    assert.equal(config.camera.rotateDegrees, 180);
    assert.equal(config.log.level, 'debug');
    assert.equal(config.trigger.everySeconds, 0);
    assert.deepEqual(config.topics.trigger, ['device/image/trigger', 'device/pi400-lab-1/image/trigger']);
    assert.equal(config.mqtt.clientId, 'pi400-lab-1');
  });
});

describe('showConfig()', () => {
  it('shows every key on a line of its own, with its source', async () => {
    const lines = showConfig(await loadExample(['log.level=error']))
      .trimEnd()
      .split('\n');
    assert.deepEqual(
      lines.map((line) => line.split(' ')[0]),
      [...schemaKeys().keys()],
    );
    assert.match(lines.join('\n'), /^log\.level +error +\(flag\)$/m);
    assert.match(lines.join('\n'), /^camera\.skipFrames +30 +\(.*greenhouse\.yaml:9:3\)$/m);
  });
});

describe('showReference()', () => {
  it('is a table row for every key', () => {
    const rows = showReference().trimEnd().split('\n').slice(2);
    assert.equal(rows.length, schemaKeys().size);
    for (const row of rows) assert.match(row, /^\| `[\w.]+` \| .+ \| .+ \|$/);
  });
});

describe('explainKey()', () => {
  it('names the nearest key for one that does not exist', async () => {
    assert.deepEqual(explainKey(await loadExample(), 'log.levle'), { kind: 'unknown', nearest: 'log.level' });
  });

  it('says who set a key and what that overrode', async () => {
    const explanation = explainKey(await loadExample(), 'log.level');
    assert.equal(explanation.kind, 'explained');
    assert.match(
      explanation.text,
      /^log\.level {2}debug .*devices.*\n {2}over {2}info .*fleet.*\n {2}over {2}info {2}\(default\)\n/,
    );
  });
});
