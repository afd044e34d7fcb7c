// Results end to end: the daemon against a real mosquitto, what it keeps for `shutterd results`, and what it publishes.
import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  configure,
  createHome,
  runShutterd,
  startDaemon,
  type Daemon,
  type Home,
} from '../helpers/daemon.ts';
import { startMosquitto, type Mosquitto } from '../helpers/mosquitto.ts';
import { publish, subscribe } from '../helpers/mqtt-peer.ts';
import { Scope } from '../helpers/scope.ts';
import { json, quick, RESPONSE, STATUS, stopsClean, storeSome, TRIGGER, type Settings } from './settings.ts';

for (const protocol of [4, 5] as const) {
  describe(`results of shutterd run, protocol ${protocol}`, () => {
    const scope = new Scope();
    let broker: Mosquitto;
    beforeEach(async () => {
      broker = await startMosquitto(scope);
    });
    afterEach(() => scope.end());

    const settingsOf = (settings: Settings): Settings =>
      quick(broker.url, { 'mqtt.protocol': protocol, 'log.level': 'debug', ...settings });
    const online = async (settings: Settings = {}): Promise<{ home: Home; daemon: Daemon }> => {
      const home = await createHome(scope, settingsOf(settings));
      const daemon = startDaemon(scope, home);
      await daemon.waitFor('broker.connected');
      return { home, daemon };
    };
    /** A picture, and its id once the broker has it. */
    const request = async (daemon: Daemon, n = 1): Promise<string> => {
      await publish(scope, broker.port, { topic: TRIGGER, protocol });
      return String((await daemon.waitFor('request.acknowledged', n))['requestId']);
    };
    const answer = (result: object): Promise<void> =>
      publish(scope, broker.port, { topic: RESPONSE, payload: JSON.stringify(result), protocol });
    const kept = async (home: Home): Promise<Record<string, unknown>[]> => {
      const { code, out } = await runShutterd(scope, home, ['results', '--json']);
      assert.equal(code, 0);
      return out === '' ? [] : out.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    };

    it('keeps classifications over a restart and over kill -9, and no failure and no stranger', async () => {
      const { home, daemon } = await online();
      const first = await request(daemon);
      await answer({ label: 'Chihuahua', confidence: 0.97, request_id: first });
      await answer({ label: 'cat', confidence: 1, request_id: 'of another device' });
      assert.equal((await daemon.waitFor('result.unmatched'))['level'], 'debug');
      const second = await request(daemon, 2);
      await answer({ error: 'no model', request_id: second });
      const third = await request(daemon, 3);
      await answer([
        { label: 'cat', score: 0.2 },
        { label: 'dog', score: 0.7 },
      ]);
      const line = await daemon.waitFor('result.received', 2);
      await stopsClean(daemon, home);
      const again = startDaemon(scope, home);
      await again.waitFor('broker.connected');
      await answer({ label: 'Chihuahua', confidence: 1, request_id: first });
      await again.waitFor('result.unmatched');
      await again.kill9();
      const entries = await kept(home);
      assert.deepEqual(
        entries.map(({ requestId, label, confidence, matchedBy }) => [
          requestId,
          label,
          confidence,
          matchedBy,
        ]),
        [
          [first, 'Chihuahua', 0.97, 'requestId'],
          [third, 'dog', 0.7, 'order'],
        ],
      );
      const [stored] = daemon.of('request.stored');
      assert.deepEqual(
        [entries[0]?.['bytes'], entries[1]?.['latencyMs']],
        [stored?.['bytes'], line['latencyMs']],
      );
      assert.match(String(entries[0]?.['capturedAt']), /^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/);
    });

    it('keeps nothing where the history is off, and removes what there was', async () => {
      const { home, daemon } = await online();
      await answer({ label: 'cat', confidence: 1, request_id: await request(daemon) });
      await daemon.waitFor('result.received');
      await stopsClean(daemon, home);
      const folder = join(home.outbox, '.results');
      assert.equal((await readdir(folder)).length, 1);
      await configure(home, settingsOf({ 'results.historyEntries': 0 }));
      const off = startDaemon(scope, home);
      await off.waitFor('broker.connected');
      await answer({ label: 'cat', confidence: 1, request_id: await request(off) });
      await off.waitFor('result.received');
      await stopsClean(off, home);
      await assert.rejects(stat(folder), { code: 'ENOENT' });
    });

    it('logs what the filter passes, and counts the rest, which status and history still have', async () => {
      const filter = { type: 'classification', labelScore: { Chihuahua: 0.5 } };
      const { home, daemon } = await online({ 'results.filter': filter });
      const peer = await subscribe(scope, broker.port, { topics: [STATUS] });
      await answer({ label: 'Chihuahua', confidence: 0.49, request_id: await request(daemon) });
      assert.equal((await daemon.waitFor('result.filtered'))['level'], 'debug');
      await answer({ label: 'cat', confidence: 1, request_id: await request(daemon, 2) });
      await daemon.waitFor('result.filtered', 2);
      await answer({ label: 'Chihuahua', confidence: 0.5, request_id: await request(daemon, 3) });
      await daemon.waitFor('result.received');
      await stopsClean(daemon, home);
      const offline = await peer.messages.nth(1, ({ payload }) => json(payload)['state'] === 'offline');
      const { counters, last } = json(offline.payload) as Record<string, Record<string, unknown>>;
      assert.equal(counters?.['result.filtered'], 2);
      assert.deepEqual(last?.['classification'], { label: 'Chihuahua', confidence: 0.5 });
      assert.deepEqual(
        (await kept(home)).map(({ confidence }) => confidence),
        [0.49, 1, 0.5],
      );
    });

    it('publishes one message for a label, at most five at once, and says so in the line', async () => {
      const actions = [
        { label: 'cat', minConfidence: 0.9, publish: 'home/{deviceId}/lamp', payload: 'on' },
        { label: 'cat', minConfidence: 0, publish: 'home/bell' },
      ];
      const { home, daemon } = await online({ 'results.actions': actions });
      const peer = await subscribe(scope, broker.port, { topics: ['home/#'] });
      const id = await request(daemon);
      await answer({ label: 'cat', confidence: 1, request_id: 'of another device' });
      await answer({ label: 'cat', confidence: 0.5, request_id: id });
      const bell = await peer.nth('home/bell');
      assert.deepEqual([bell.retained, bell.qos], [false, 1]);
      assert.deepEqual(json(bell.payload), {
        ...{ label: 'cat', confidence: 0.5, request_id: id, device_id: 'pi-test' },
      });
      const action = { topic: 'home/bell', state: 'sent' };
      assert.deepEqual((await daemon.waitFor('result.received'))['action'], action);
      const ids = await storeSome(daemon, 6);
      await daemon.waitFor('request.acknowledged', 7);
      for (const each of ids) await answer({ label: 'cat', confidence: 0.95, request_id: each });
      await daemon.waitFor('result.received', 7);
      await stopsClean(daemon, home);
      const lamp = peer.on('home/pi-test/lamp');
      assert.ok(
        lamp.length >= 5 && lamp.every(({ payload }) => payload.toString() === 'on'),
        String(lamp.length),
      );
      assert.equal(peer.on('home/bell').length, 1);
    });
  });
}
