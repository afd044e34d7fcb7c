// What fails is named and survived: no camera, no fswebcam, no configuration, no outbox; each with its exit code.
import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHome, runShutterd, startDaemon } from '../helpers/daemon.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { publish, subscribe } from '../helpers/mqtt-peer.ts';
import { Scope } from '../helpers/scope.ts';
import { json, OUTCOME, quick, stopsClean, TRIGGER, webcam } from './settings.ts';

describe('shutterd run where something is missing', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  const failing = [
    { what: 'fswebcam', settings: {}, path: 'without', cause: 'tool', remedy: /fswebcam/ },
    { what: 'the camera', settings: { 'camera.device': '/dev/video63' }, cause: 'noDevice', remedy: /\w/ },
    {
      what: 'the picture file',
      settings: { 'camera.driver': 'file', 'camera.device': 'auto', 'camera.path': '/nowhere/a.jpg' },
      remedy: /\w/,
    },
  ] as const;
  for (const protocol of [4, 5] as const) {
    for (const { what, settings, remedy, ...expected } of failing) {
      it(`stays up and names cause and remedy without ${what}, protocol ${protocol}`, async () => {
        const broker = await startMosquitto(scope);
        const env = 'path' in expected ? { PATH: await programsWithout(scope, 'fswebcam') } : {};
        const home = await createHome(
          scope,
          webcam(broker.url, { 'mqtt.protocol': protocol, ...settings }),
          env,
        );
        const peer = await subscribe(scope, broker.port, { topics: [OUTCOME] });
        const daemon = startDaemon(scope, home);
        await daemon.waitFor('broker.connected');
        // The second trigger has its answer as well, though the line may be known by then and no longer said.
        for (let n = 1; n <= 2; n += 1) {
          await publish(scope, broker.port, { topic: TRIGGER, protocol });
          const line = await daemon.waitFor('capture.failed');
          if ('cause' in expected) assert.equal(line['cause'], expected.cause);
          assert.match(String(line['detail']), /\w/);
          assert.match(String(line['remedy']), remedy);
          const outcome = json((await peer.nth(OUTCOME, n)).payload);
          assert.deepEqual([outcome['outcome'], outcome['reason']], ['failed', line['cause']]);
        }
        await stopsClean(daemon, home);
      });
    }
  }

  it('ends with 2 where its outbox would take a folder from others, and leaves that as it is', async () => {
    const folder = await scope.folder();
    const shared = join(folder, 'shared');
    await mkdir(join(shared, 'photos'), { recursive: true });
    await chmod(shared, 0o755);
    const home = await createHome(scope, quick('mqtt://127.0.0.1:1', { 'outbox.directory': shared }));
    const { code, err } = await runShutterd(scope, home, ['run']);
    assert.equal(code, 2);
    const why = 'it is no private folder (755) and holds photos';
    const remedy = `name an empty or new folder, e.g. ${shared}/shutterd-outbox (outbox.directory)`;
    assert.equal(err.trim(), `Cannot open outbox ${shared}: ${why}; ${remedy}`);
    assert.deepEqual([(await stat(shared)).mode & 0o7777, await readdir(shared)], [0o755, ['photos']]);
    const { out } = await runShutterd(scope, home, ['doctor']);
    assert.match(out, /^fail {2}outbox .*is no private folder \(755\) and holds photos/m);
    assert.deepEqual([(await stat(shared)).mode & 0o7777, await readdir(shared)], [0o755, ['photos']]);
  });

  it('ends with 3 when another instance holds the outbox, which works on', async () => {
    const broker = await startMosquitto(scope);
    const home = await createHome(scope, quick(broker.url));
    const first = startDaemon(scope, home);
    await first.waitFor('broker.connected');
    const second = await runShutterd(scope, home, ['run']);
    assert.equal(second.code, 3);
    assert.match(second.err, /^Cannot open outbox .*another shutterd uses it/);
    await publish(scope, broker.port, { topic: TRIGGER });
    await first.waitFor('request.acknowledged');
    await stopsClean(first, home);
  });

  it('starts again after a kill: the lock of the dead instance is free', async () => {
    const home = await createHome(scope, quick('mqtt://127.0.0.1:1'));
    const first = startDaemon(scope, home);
    await first.waitFor('daemon.ready');
    await first.kill9();
    const second = startDaemon(scope, home);
    await second.waitFor('daemon.ready');
    assert.equal((await second.stop()).code, 0);
  });

  it('ends with 2 and lists every error of its configuration', async () => {
    const home = await createHome(scope, {
      ...{ 'mqtt.url': 'gopher://broker', 'mqtt.qos': 9, 'image.maxPayloadBytes': 'many' },
      ...{ 'topics.request': 'a/#', 'camera.divice': 'auto' },
    });
    const ran = await runShutterd(scope, home, ['run']);
    assert.equal(ran.code, 2);
    const lines = ran.err.split('\n');
    for (const name of ['mqtt.url', 'mqtt.qos', 'image.maxPayloadBytes', 'topics.request', 'camera.divice']) {
      const named = lines.filter((line) => line.includes(name));
      assert.equal(named.length, 1, `${name}: ${ran.err}`);
      assert.match(named[0] ?? '', /^Cannot .*local\.json/);
    }
    const rejected = json(Buffer.from(ran.out));
    assert.equal(rejected['event'], 'config.rejected');
    assert.deepEqual(rejected['problems'], lines);
  });

  it('sets a damaged entry and a foreign file aside and starts', async () => {
    const broker = await startMosquitto(scope);
    const home = await createHome(scope, quick(broker.url));
    await mkdir(home.outbox, { recursive: true });
    const name = '0000000000000001.00000000-0000-4000-8000-000000000001.10.entry';
    await writeFile(join(home.outbox, name), 'not what its name says');
    await writeFile(join(home.outbox, 'notes.txt'), 'foreign');
    const daemon = startDaemon(scope, home);
    await daemon.waitFor('request.quarantined', 2);
    await publish(scope, broker.port, { topic: TRIGGER });
    await daemon.waitFor('request.acknowledged');
    await stopsClean(daemon, home);
  });
});

/** A PATH with every program of this machine but one. */
async function programsWithout(scope: Scope, program: string): Promise<string> {
  const folder = await scope.folder();
  const programs = new Map<string, string>();
  for (const path of (process.env['PATH'] ?? '').split(':').reverse()) {
    for (const name of await readdir(path).catch(() => [])) programs.set(name, join(path, name));
  }
  programs.delete(program);
  await Promise.all([...programs].map(([name, path]) => symlink(path, join(folder, name))));
  return folder;
}
