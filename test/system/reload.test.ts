// A daemon whose files change: what follows, what does not, and the ways back. Real brokers, real files, real kills.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configure, createHome, startDaemon, type Daemon, type Home } from '../helpers/daemon.ts';
import { createSeededRandom } from '../chaos/seeded-random.ts';
import { freePort } from '../helpers/free-port.ts';
import { prepareMosquitto, startMosquitto, type Mosquitto } from '../helpers/mosquitto.ts';
import { subscribe, type Subscriber } from '../helpers/mqtt-peer.ts';
import { Scope } from '../helpers/scope.ts';
import { json, quick, REQUEST, STATUS, stopsClean, storeSome, type Json, type Settings } from './settings.ts';

const idsAt = (peer: Subscriber): string[] =>
  peer.on(REQUEST).map(({ payload }) => String(json(payload)['request_id']));

describe('shutterd run, when its files change', function () {
  this.timeout(40_000);
  const scope = new Scope();
  let broker: Mosquitto;
  let home: Home;
  let settings: Settings;
  let daemon: Daemon;
  let peer: Subscriber;

  beforeEach(async () => {
    broker = await startMosquitto(scope);
    settings = quick(broker.url);
    home = await createHome(scope, settings);
    peer = await subscribe(scope, broker.port, { topics: [STATUS, REQUEST] });
  });
  afterEach(() => scope.end());

  async function start(): Promise<void> {
    daemon = startDaemon(scope, home);
    await daemon.waitFor('broker.connected');
  }

  /** Changed, and read as soon as it is whole. */
  async function change(changed: Settings): Promise<void> {
    await configure(home, { ...settings, ...changed });
    daemon.signal('SIGHUP');
  }

  const status = (wanted: (config: Json) => boolean): Promise<unknown> =>
    peer.messages.nth(1, ({ topic, payload }) => topic === STATUS && wanted(json(payload)['config'] as Json));

  it('keeps the running one where a file is bad, and tells every error', async () => {
    await start();
    await writeFile(join(home.configFolder, 'local.json'), '{"image": {"maxQuality": 0, "minQualty": 1}}');
    const { problems } = await daemon.waitFor('config.rejected');
    assert.equal((problems as string[]).length, 2);
    await status(({ state, errors }) => state === 'rejected' && (errors as string[]).length === 2);
    assert.equal((await storeSome(daemon, 1)).length, 1);
    await change({});
    await status(({ state }) => state === 'applied');
    assert.equal(daemon.of('broker.lost').length, 0);
    await stopsClean(daemon, home);
  });

  it('takes a filter without a word to the broker', async () => {
    await start();
    await change({ 'results.filter': { type: 'classification', labelScore: { cat: 0.5 } } });
    const { changed } = await daemon.waitFor('config.applied', 2);
    assert.deepEqual(changed, ['results.filter']);
    await storeSome(daemon, 1);
    await daemon.waitFor('request.acknowledged');
    assert.equal(daemon.of('broker.connected').length, 1);
    await stopsClean(daemon, home);
  });

  it('takes another frame size with the next picture', async () => {
    await start();
    await storeSome(daemon, 1);
    await change({ 'camera.widthPx': 320, 'camera.heightPx': 240 });
    await daemon.waitFor('config.applied', 2);
    await storeSome(daemon, 1);
    assert.deepEqual(
      daemon.of('capture.done').map((line) => line['widthPx']),
      [160, 320],
    );
    assert.equal(daemon.of('broker.connected').length, 1);
    await stopsClean(daemon, home);
  });

  it('moves to another broker, says offline at the old one, and brings every entry in its order', async () => {
    const other = await startMosquitto(scope);
    const there = await subscribe(scope, other.port, { topics: [STATUS, REQUEST] });
    await start();
    await broker.stop();
    await daemon.waitFor('broker.lost');
    const ids = await storeSome(daemon, 3);
    await change({ 'mqtt.url': other.url });
    await there.nth(REQUEST, 3);
    assert.deepEqual(idsAt(there), ids);
    assert.equal((await daemon.waitFor('config.applied', 3))['probation'], 'passed');
    await broker.start();
    const back = await subscribe(scope, broker.port, { topics: [REQUEST] });
    await change({});
    await there.messages.nth(
      1,
      ({ topic, payload }) => topic === STATUS && json(payload)['state'] === 'offline',
    );
    const later = await storeSome(daemon, 2);
    await back.nth(REQUEST, 2);
    assert.deepEqual(idsAt(back), later);
    await stopsClean(daemon, home);
  });

  it('goes back where the broker is not reached any more, and does not try the same files again', async () => {
    await start();
    await change({ 'mqtt.url': `mqtt://127.0.0.1:${await freePort()}`, 'config.probationSeconds': 2 });
    await daemon.waitFor('config.rolledBack');
    await daemon.waitFor('broker.connected', 2);
    await status(({ state }) => state === 'rolled-back');
    daemon.signal('SIGHUP');
    await daemon.waitFor('config.rejected');
    assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
    daemon = startDaemon(scope, home);
    await daemon.waitFor('broker.connected');
    assert.equal(daemon.of('config.applied')[0]?.['because'], 'rolledBefore');
    await stopsClean(daemon, home);
  });

  it('goes back though it is killed in the middle of the probation', async () => {
    await start();
    await change({ 'mqtt.url': `mqtt://127.0.0.1:${await freePort()}`, 'config.probationSeconds': 12 });
    await daemon.waitFor('config.applied', 2);
    await daemon.kill9();
    daemon = startDaemon(scope, home);
    const resumed = await daemon.waitFor('config.applied'); // 10 s nearer to its end
    assert.equal(resumed['probation'], 'resumed');
    await daemon.waitFor('broker.connected');
    assert.equal(daemon.of('config.applied')[1]?.['because'], 'notReached');
    await stopsClean(daemon, home);
  });

  it('never goes back over an outage that began before the change', async () => {
    await start();
    await broker.stop();
    await daemon.waitFor('broker.lost');
    const port = await freePort();
    await change({
      'mqtt.url': `mqtt://127.0.0.1:${port}`,
      'config.probationSeconds': 1,
      'log.level': 'debug',
    });
    const { evidence } = await daemon.waitFor('config.applied', 2);
    assert.equal(evidence, 'none');
    await daemon.waitFor('config.applied', 4); // the one before had its time, too
    const other = await prepareMosquitto(scope, { port });
    await other.start();
    await daemon.waitFor('broker.connected', 2);
    await daemon.lines.nth(1, (line) => line['probation'] === 'passed');
    assert.equal(daemon.of('config.rolledBack').length, 0);
    await stopsClean(daemon, home);
  });

  it('rolls back another broker that came while it was off, and stays on the good one', async () => {
    await start();
    await daemon.stop();
    const nowhere = `mqtt://127.0.0.1:${await freePort()}`;
    await configure(home, { ...settings, 'mqtt.url': nowhere, 'config.probationSeconds': 2 });
    daemon = startDaemon(scope, home);
    assert.equal((await daemon.waitFor('config.applied'))['probation'], 'begun');
    // Nobody knows whether the network is there: the good one says so, then the other one has its time again.
    await daemon.waitFor('broker.connected');
    await daemon.waitFor('config.rolledBack');
    assert.deepEqual(
      daemon.of('config.applied').map((line) => line['probation'] ?? line['because']),
      ['begun', 'notReached', 'again', 'notReached'],
    );
    await status(({ state }) => state === 'rolled-back');
    assert.equal((await storeSome(daemon, 1)).length, 1);
    await daemon.waitFor('request.acknowledged');
    await daemon.kill9();
    await start();
    assert.equal(daemon.of('config.applied')[0]?.['because'], 'rolledBefore');
    await stopsClean(daemon, home);
  });

  it('keeps another broker that came while it was off in an outage that it survives', async () => {
    await start();
    await daemon.stop();
    await broker.stop();
    const other = await prepareMosquitto(scope, { port: await freePort() });
    await configure(home, { ...settings, 'mqtt.url': other.url, 'config.probationSeconds': 1 });
    daemon = startDaemon(scope, home);
    await daemon.lines.nth(2, (line) => line['because'] === 'notReached');
    await Promise.all([broker.start(), other.start()]); // the network is back
    await daemon.lines.nth(1, (line) => line['probation'] === 'passed');
    assert.deepEqual([daemon.of('config.rolledBack').length, daemon.of('broker.refused').length], [0, 0]);
    await stopsClean(daemon, home);
  });

  it('ends with the broker that answers, wherever in a probation it is killed', async function () {
    const rounds = process.env['SHUTTERD_TEST_LONG'] === '1' ? 40 : 2;
    this.timeout(rounds * 20_000 + 20_000);
    const random = createSeededRandom(11);
    await start();
    const nowhere = `mqtt://127.0.0.1:${await freePort()}`;
    for (let round = 1; round <= rounds; round += 1) {
      const bad = {
        'mqtt.url': nowhere,
        'config.probationSeconds': 1,
        'log.level': 'debug',
        'trigger.maxAgeSeconds': round,
      };
      await configure(home, { ...settings, ...bad });
      daemon.signal('SIGHUP');
      for (let kills = 0; kills < 3; kills += 1) {
        // At a line of the log, whichever: keeping, applying, going back, connecting.
        const lines = 1 + Math.floor(random.fraction() * 8);
        await daemon.lines.nth(Math.min(lines, daemon.lines.all.length + 1));
        await daemon.kill9();
        daemon = startDaemon(scope, home);
        await daemon.waitFor('config.applied');
      }
      await daemon.waitFor('broker.connected');
      await configure(home, settings);
      await daemon.stop();
      await start();
      assert.equal(daemon.of('config.rejected').length, 0);
    }
    await stopsClean(daemon, home);
  });

  it('starts with the last good files where they are bad or gone, and ends with 2 where there are none', async () => {
    await start();
    const good = daemon.of('config.applied')[0]?.['hash'];
    await daemon.stop();
    const file = join(home.configFolder, 'local.json');
    for (const spoil of [() => writeFile(file, '{'), () => rm(file)]) {
      await spoil();
      daemon = startDaemon(scope, home);
      await daemon.waitFor('broker.connected');
      const [applied] = daemon.of('config.applied');
      assert.deepEqual([applied?.['source'], applied?.['hash']], ['lastGood', good]);
      assert.equal(daemon.of('config.rejected').length, 1);
      await stopsClean(daemon, home);
    }
    await writeFile(file, '{');
    await rm(join(home.env['STATE_DIRECTORY'] ?? '', 'configuration'), { recursive: true });
    assert.equal((await startDaemon(scope, home).ended).code, 2);
    assert.equal(await readFile(file, 'utf8'), '{');
  });
});
