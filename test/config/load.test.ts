// Loading as a whole: hostile files, defaults, freezing, hash and origins.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadConfig, type LoadOutcome } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';

describe('loadConfig()', () => {
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'config-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const load = (options: {
    path?: string;
    env?: Record<string, string>;
    mayBeAbsent?: boolean;
  }): Promise<LoadOutcome> =>
    loadConfig({
      paths: [options.path ?? folder],
      defaultPathMayBeAbsent: options.mayBeAbsent ?? false,
      env: options.env ?? {},
      settings: [],
      hostName: 'pi-1',
      stateDirectory: '/srv/state',
    });

  it('never throws and never touches a prototype, whatever bytes a file holds', async function () {
    this.timeout(600_000);
    const line = fc.constantFrom(
      ...[
        'mqtt:',
        '  url: x',
        '  qos: 2',
        '__proto__:',
        '  polluted: 1',
        'constructor: { prototype: { x: 1 } }',
      ],
      ...['a: [', '- b', '{"log":', '}', '\t', '&a *a', '<<: *a', '\ufeff', '\0', '? |', '...', '%YAML 1.2'],
      ...['log: { level: debug }', '  __proto__: { x: 1 }', 'camera: { controls: { __proto__: { x: 1 } } }'],
    );
    const text = fc.array(line, { maxLength: 8 });
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      text.map((lines) => Buffer.from(lines.join('\n'))),
      text.map((lines) => Buffer.from(lines.join('\r\n'), 'utf16le')),
      fc.json().map((json) => Buffer.from(json)),
      fc
        .json()
        .map((json) => Buffer.from(`{"results": {"filter": ${json}}, "camera": {"controls": ${json}}}`)),
    );
    const name = fc.constantFrom('local.yaml', 'fleet.json', 'devices/pi-1.yml', 'next/fleet.yaml');
    await mkdir(join(folder, 'devices'));
    await mkdir(join(folder, 'next'));
    await fc.assert(
      fc.asyncProperty(anything, name, async (bytes, at) => {
        await writeFile(join(folder, at), bytes);
        const outcome = await load({});
        if (outcome.kind === 'rejected') {
          assert.ok(outcome.problems.length > 0);
          for (const problem of outcome.problems) assert.match(formatProblem(problem), /^Cannot [^\n]*$/);
        }
        await rm(join(folder, at));
        assert.equal(Reflect.get({}, 'x'), undefined);
        assert.equal(Reflect.get({}, 'polluted'), undefined);
      }),
      { numRuns: process.env['SHUTTERD_TEST_LONG'] === '1' ? 10_000 : 300 },
    );
  });

  it('refuses a file of more than 256 KiB', async () => {
    await writeFile(join(folder, 'local.yaml'), `# ${'x'.repeat(256 * 1024)}\n`);
    const outcome = await load({});
    assert.equal(outcome.kind === 'rejected' && outcome.problems.length, 1);
  });

  it('shows a long value shortened and with nothing that a terminal obeys', async () => {
    await writeFile(join(folder, 'local.yaml'), `log: { level: "\\e[31m\\n${'x'.repeat(500)}" }\n`);
    const outcome = await load({});
    assert.equal(outcome.kind, 'rejected');
    const message = outcome.problems.map(formatProblem).join('\n');
    assert.match(message, /\.\.\., allowed is debug/);
    assert.ok(message.length < 400);
    assert.doesNotMatch(message, /\p{Cc}/u);
  });

  it('takes the defaults where the default folder is absent', async () => {
    const outcome = await load({ path: join(folder, 'absent'), mayBeAbsent: true });
    assert.equal(outcome.kind, 'loaded');
    assert.equal(outcome.config.device.id, 'pi-1');
    assert.equal(outcome.config.outbox.directory, '/srv/state/outbox');
    assert.deepEqual(outcome.files, []);
  });

  it('freezes the configuration at every depth', async () => {
    const outcome = await load({});
    assert.equal(outcome.kind, 'loaded');
    assert.ok(Object.isFrozen(outcome.config) && Object.isFrozen(outcome.config.mqtt.tls));
    assert.ok(Object.isFrozen(outcome.config.topics.trigger));
  });

  it('gives one hash for one effective configuration, wherever it was written', async () => {
    await writeFile(join(folder, 'local.yaml'), 'log: { level: debug }\n');
    const [file, variable, other] = [
      await load({}),
      await load({ env: { SHUTTERD_LOG_LEVEL: 'debug' } }),
      await load({ env: { SHUTTERD_LOG_LEVEL: 'warn' } }),
    ];
    assert.ok(file.kind === 'loaded' && variable.kind === 'loaded' && other.kind === 'loaded');
    assert.match(file.hash, /^[0-9a-f]{64}$/);
    assert.equal(file.hash, variable.hash);
    assert.notEqual(file.hash, other.hash);
  });

  it('keeps the whole chain of who set a key', async () => {
    await writeFile(join(folder, 'fleet.yaml'), 'log: { level: debug }\n');
    const outcome = await load({ env: { SHUTTERD_LOG_LEVEL: 'warn' } });
    assert.deepEqual(outcome.kind === 'loaded' && outcome.origins.get('log.level'), [
      { source: 'default', value: 'info' },
      { source: `${join(folder, 'fleet.yaml')}:1:8`, value: 'debug' },
      { source: 'environment', value: 'warn' },
    ]);
  });
});
