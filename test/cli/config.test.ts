// `shutterd config check` and `config show` as processes.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configure, createHome, runShutterd } from '../helpers/daemon.ts';
import { Scope } from '../helpers/scope.ts';

const BAD = { 'mqtt.qos': 9, 'camera.divice': 'auto', 'topics.request': 'a/#' };

describe('shutterd config', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  it('check ends with 2 and lists every error with key, value and what is allowed', async () => {
    const home = await createHome(scope, BAD);
    const { code, out, err } = await runShutterd(scope, home, ['config', 'check']);
    assert.deepEqual([code, out], [2, '']);
    const lines = err.split('\n');
    assert.equal(lines.length, 4, err);
    for (const name of Object.keys(BAD)) {
      assert.ok(
        lines.some(
          (line) => line.startsWith('Cannot ') && line.includes(name) && line.includes('local.json'),
        ),
      );
    }
    assert.equal(lines.at(-1), '3 errors');
  });

  it('check --json gives the errors as values', async () => {
    const home = await createHome(scope, BAD);
    const { code, out, err } = await runShutterd(scope, home, ['config', 'check', '--json']);
    assert.deepEqual([code, err], [2, '']);
    const said = JSON.parse(out) as { valid: boolean; problems: unknown[] };
    assert.deepEqual([said.valid, said.problems.length], [false, 3]);
  });

  it('check ends with 2 for a path that is not there', async () => {
    const home = await createHome(scope, {});
    const { code, err } = await runShutterd(scope, home, ['config', 'check', '--config', '/nowhere']);
    assert.equal(code, 2);
    assert.match(err, /\/nowhere/);
  });

  it('check names the files it has read', async () => {
    const home = await createHome(scope, {});
    await writeFile(join(home.configFolder, 'fleet.yaml'), 'log: { level: debug }\n', { mode: 0o644 });
    const { code, out } = await runShutterd(scope, home, ['config', 'check']);
    const files = ['fleet.yaml', 'local.json'].map((name) => join(home.configFolder, name));
    assert.deepEqual([code, out], [0, `valid for device pi-test: ${files.join(', ')}`]);
    const json = await runShutterd(scope, home, ['config', 'check', '--json']);
    const said = JSON.parse(json.out) as Record<string, unknown>;
    assert.deepEqual([said['valid'], said['deviceId'], said['files']], [true, 'pi-test', files]);
    assert.match(String(said['hash']), /^[0-9a-f]{64}$/);
  });

  it('show gives the effective values, later layers winning, and masks secrets', async () => {
    const home = await createHome(scope, { 'log.level': 'warn' }, { SHUTTERD_MQTT_KEEPALIVE_SECONDS: '77' });
    await configure(home, { 'log.level': 'warn', 'mqtt.qos': 2, 'mqtt.url': 'mqtt://127.0.0.1:1' });
    const args = ['config', 'show', '--json', '--set', 'mqtt.qos=0'];
    const { code, out } = await runShutterd(scope, home, args);
    assert.equal(code, 0, out);
    for (const expected of ['"warn"', '77', '"mqtt://127.0.0.1:1"']) assert.ok(out.includes(expected), out);
    const text = await runShutterd(
      scope,
      home,
      args.filter((arg) => arg !== '--json'),
    );
    assert.equal(text.code, 0);
    assert.match(text.out, /^mqtt\.qos.*\b0\b/m);
    assert.match(text.out, /^log\.level.*warn.*local\.json/m);
    assert.match(text.out, /^mqtt\.keepaliveSeconds.*77.*environment/m);
  });

  it('show --docs describes every key with its default, also where the configuration is bad', async () => {
    const home = await createHome(scope, BAD);
    const { code, out } = await runShutterd(scope, home, ['config', 'show', '--docs']);
    assert.equal(code, 0);
    for (const key of [
      'device.id',
      'mqtt.tls.caFile',
      'image.maxPayloadBytes',
      'log.format',
      'outbox.whenFull',
    ]) {
      assert.ok(out.includes(`\`${key}\``), key);
    }
    assert.match(out, /`image\.maxPayloadBytes`.*`?128000`?/);
  });
});
