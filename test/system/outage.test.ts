// Accepted means delivered: without a broker, through kill -9 of the daemon and of the broker. A subscriber counts ids.
import assert from 'node:assert/strict';
import { configure, createHome, startDaemon, storedIds, type Home } from '../helpers/daemon.ts';
import { startBreakingProxy } from '../helpers/breaking-proxy.ts';
import { freePort } from '../helpers/free-port.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { subscribe, type Subscriber } from '../helpers/mqtt-peer.ts';
import { Scope } from '../helpers/scope.ts';
import { json, quick, REQUEST, stopsClean, storeSome, type Settings } from './settings.ts';

const idsAt = (peer: Subscriber): string[] =>
  peer.on(REQUEST).map(({ payload }) => String(json(payload)['request_id']));

for (const { protocol, offlineKills, onlineKills } of [
  { protocol: 4, offlineKills: 3, onlineKills: 1 },
  { protocol: 5, offlineKills: 8, onlineKills: 4 },
] as const) {
  describe(`the outbox of shutterd run, protocol ${protocol}`, () => {
    const scope = new Scope();
    afterEach(() => scope.end());

    /** A device whose broker is not there: nobody listens on the port until a proxy does. */
    const offline = async (): Promise<{ home: Home; port: number; settings: Settings }> => {
      const port = await freePort();
      const settings = quick(`mqtt://127.0.0.1:${port}`, { 'mqtt.protocol': protocol });
      return { home: await createHome(scope, settings), port, settings };
    };

    it('takes pictures without a broker, keeps them as files, and sends them in order when it comes', async () => {
      const { home, port } = await offline();
      const daemon = startDaemon(scope, home);
      assert.match(String((await daemon.waitFor('broker.retry'))['detail']), /ECONNREFUSED/);
      const ids = await storeSome(daemon, 4);
      assert.deepEqual(await storedIds(home), ids);
      const broker = await startMosquitto(scope);
      const peer = await subscribe(scope, broker.port, { topics: [REQUEST] });
      await startBreakingProxy(scope, broker.port, port);
      await daemon.waitFor('request.acknowledged', ids.length);
      await peer.nth(REQUEST, ids.length);
      assert.deepEqual(idsAt(peer), ids);
      assert.deepEqual(await storedIds(home), []);
      await stopsClean(daemon, home);
    });

    it(`loses no picture over ${offlineKills + onlineKills} kills, offline and while it sends`, async () => {
      const { home, port, settings } = await offline();
      const accepted: string[] = [];
      for (let kill = 1; kill <= offlineKills; kill += 1) {
        const daemon = startDaemon(scope, home);
        await daemon.waitFor('daemon.ready');
        const stored = storeSome(daemon, 1);
        if (kill % 2 === 0) await stored;
        else {
          // In the middle of the next picture, wherever that is.
          await stored;
          daemon.signal('SIGUSR1');
          await daemon.waitFor('trigger.accepted', 2);
        }
        await daemon.kill9();
        accepted.push(...daemon.of('request.stored').map((line) => String(line['requestId'])));
      }
      // A kill between the file and its log line leaves an entry that nobody was told of; it is sent all the same.
      const kept = await storedIds(home);
      assert.deepEqual(
        kept.filter((id) => accepted.includes(id)),
        accepted,
      );
      const broker = await startMosquitto(scope);
      const peer = await subscribe(scope, broker.port, { topics: [REQUEST], qos: 0 });
      await startBreakingProxy(scope, broker.port, port);
      await configure(home, { ...settings, 'outbox.drainPerSecond': 20 });
      for (let kill = 1; kill <= onlineKills; kill += 1) {
        const daemon = startDaemon(scope, home);
        await daemon.waitFor('request.acknowledged');
        await daemon.kill9();
      }
      const last = startDaemon(scope, home);
      await last.waitFor('broker.connected');
      const [marker = ''] = await storeSome(last, 1);
      await peer.messages.nth(1, ({ payload }) => json(payload)['request_id'] === marker);
      assert.deepEqual([...new Set(idsAt(peer))], [...kept, marker]);
      assert.equal((await last.stop()).code, 0);
      assert.deepEqual(await storedIds(home), []);
    });

    it('delivers every stored id at least once when the broker is killed in mid-drain', async () => {
      const { home, port } = await offline();
      const daemon = startDaemon(scope, home);
      await daemon.waitFor('broker.retry');
      const ids = await storeSome(daemon, 12);
      const broker = await startMosquitto(scope);
      // QoS 0: then nothing is unread at the broker when it dies, and the kernel still hands over what it sent.
      const first = await subscribe(scope, broker.port, { topics: [REQUEST], qos: 0 });
      const proxy = await startBreakingProxy(scope, broker.port, port);
      const killed = first.nth(REQUEST, 3).then(() => {
        proxy.mode = 'refuse';
        return broker.kill();
      });
      await killed;
      await daemon.waitFor('broker.lost');
      await first.close();
      await broker.start();
      const second = await subscribe(scope, broker.port, { topics: [REQUEST], qos: 0 });
      proxy.mode = 'pass';
      await daemon.waitFor('request.acknowledged', ids.length);
      const [marker = ''] = await storeSome(daemon, 1);
      await second.messages.nth(1, ({ payload }) => json(payload)['request_id'] === marker);
      assert.deepEqual(new Set([...idsAt(first), ...idsAt(second)]), new Set([...ids, marker]));
      await stopsClean(daemon, home);
      assert.deepEqual(await storedIds(home), []);
    });

    it('sends again what was not acknowledged, after the ack timeout', async () => {
      const broker = await startMosquitto(scope);
      const proxy = await startBreakingProxy(scope, broker.port);
      const settings = quick(proxy.url, { 'mqtt.protocol': protocol, 'mqtt.ackTimeoutSeconds': 0.3 });
      const home = await createHome(scope, settings);
      const peer = await subscribe(scope, broker.port, { topics: [REQUEST], qos: 0 });
      const daemon = startDaemon(scope, home);
      await daemon.waitFor('broker.connected');
      proxy.mode = 'drop-server-to-client';
      const [id] = await storeSome(daemon, 1);
      assert.equal((await daemon.waitFor('broker.lost'))['fault'], 'ackTimeout');
      assert.deepEqual(await storedIds(home), [id]);
      proxy.mode = 'pass';
      await daemon.waitFor('request.acknowledged');
      await peer.nth(REQUEST, 2);
      assert.deepEqual([...new Set(idsAt(peer))], [id]);
      await stopsClean(daemon, home);
    });
  });
}

describe('shutterd run on its timer', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  it('takes pictures on its timer while the broker is away', async () => {
    const port = await freePort();
    const home = await createHome(scope, quick(`mqtt://127.0.0.1:${port}`, { 'trigger.everySeconds': 1 }));
    const daemon = startDaemon(scope, home);
    await daemon.waitFor('request.stored', 2);
    assert.ok(daemon.of('trigger.accepted').every(({ source }) => source === 'timer'));
    await stopsClean(daemon, home);
    assert.equal((await storedIds(home)).length, daemon.of('request.stored').length);
  });
});
