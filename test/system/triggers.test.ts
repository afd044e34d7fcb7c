// Triggers as the wire brings them, against the daemon and a real mosquitto: asked and answered, redelivered, paused, timed.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startBreakingProxy } from '../helpers/breaking-proxy.ts';
import { runChild, startChild } from '../helpers/child.ts';
import { createHome, startDaemon, type Daemon, type Home, type Line } from '../helpers/daemon.ts';
import { startMosquitto, type Mosquitto } from '../helpers/mosquitto.ts';
import { publish, subscribe, type Subscriber } from '../helpers/mqtt-peer.ts';
import { Scope } from '../helpers/scope.ts';
import { json, OUTCOME, quick, STATUS, stopsClean, TRIGGER, webcam, type Json } from './settings.ts';

const PAUSE = 'device/pi-test/image/pause';

describe('shutterd run and its triggers', () => {
  const scope = new Scope();
  let broker: Mosquitto;
  beforeEach(async () => {
    broker = await startMosquitto(scope);
  });
  afterEach(() => scope.end());

  const homeOf = (settings: Record<string, unknown> = {}): Promise<Home> =>
    createHome(scope, quick(broker.url, settings));
  const online = async (home: Home): Promise<Daemon> => {
    const daemon = startDaemon(scope, home);
    await daemon.waitFor('broker.connected');
    return daemon;
  };
  const peerOf = (...topics: readonly string[]): Promise<Subscriber> =>
    subscribe(scope, broker.port, { topics });
  const send = (payload = '', more: Partial<Parameters<typeof publish>[2]> = {}): Promise<void> =>
    publish(scope, broker.port, { topic: TRIGGER, payload, ...more });

  describe('answers', () => {
    it('mosquitto_rr, with the outcome of its own trigger', async () => {
      const daemon = await online(await homeOf());
      const ask = ['-t', TRIGGER, '-e', 'reply/door', '-m', '{"request_id":"asked"}', '-W', '8', '-V', '5'];
      const ran = await runChild(scope, {
        file: 'mosquitto_rr',
        args: ['-h', '127.0.0.1', '-p', String(broker.port), ...ask],
      });
      assert.equal(ran.code, 0, ran.err);
      const said = JSON.parse(ran.out) as Json;
      assert.deepEqual([said['trigger_id'], said['outcome']], ['asked', 'accepted']);
      assert.equal(said['request_id'], (await daemon.waitFor('request.stored'))['requestId']);
    });

    it('on no topic of its own, and none it listens to, whoever asks for that', async () => {
      const daemon = await online(await homeOf());
      const own = ['device/image/request', STATUS, OUTCOME, TRIGGER, PAUSE, 'device/image/response'];
      const peer = await peerOf(...own);
      for (const [at, responseTopic] of own.entries()) {
        await send(`{"request_id":"t-${at}"}`, { responseTopic, correlationData: 'theirs' });
        await daemon.waitFor('request.stored', at + 1);
      }
      await peer.nth(OUTCOME, own.length);
      assert.equal(peer.on(OUTCOME).length, own.length);
      // The triggers themselves come by as well, each with the topic that it asked for.
      const stray = peer.messages.all.filter(
        (one) => one.responseTopic === '' && one.correlationData === 'theirs',
      );
      assert.deepEqual(stray, []);
      assert.equal(daemon.of('trigger.accepted').length, own.length);
    });

    it('a retry with the same id after the camera failed, and not one after it was accepted', async () => {
      const folder = join(await scope.folder(), 'pictures');
      await mkdir(folder);
      const daemon = await online(await homeOf({ 'camera.driver': 'file', 'camera.path': folder }));
      const peer = await peerOf(OUTCOME);
      const said = async (n: number): Promise<unknown[]> => {
        await send('{"request_id":"again"}');
        const { outcome, reason } = json((await peer.nth(OUTCOME, n)).payload);
        return [outcome, reason];
      };
      assert.deepEqual((await said(1))[0], 'failed');
      assert.deepEqual((await said(2))[0], 'failed');
      await writeFile(join(folder, 'a.jpg'), await readFile(await drawnPicture(scope)));
      assert.deepEqual(await said(3), ['accepted', undefined]);
      assert.deepEqual(await said(4), ['ignored', 'duplicate']);
      assert.equal(daemon.of('request.stored').length, 1);
    });
  });

  it('takes one picture for a trigger that two of its filters match', async () => {
    const filters = ['device/+/image/trigger', 'device/{deviceId}/image/trigger'];
    const daemon = await online(await homeOf({ 'topics.trigger': filters, 'trigger.burst': 'queue' }));
    for (const n of [1, 2]) {
      await publish(scope, broker.port, { topic: 'device/pi-test/image/trigger' });
      await daemon.waitFor('request.stored', n);
    }
    assert.equal(daemon.of('trigger.accepted').length, 2);
  });

  describe('knows again', () => {
    for (const payload of ['{"request_id":"once"}', 'no id at all']) {
      it(`what mosquitto delivers a second time over a persistent session: ${payload}`, async () => {
        const proxy = await startBreakingProxy(scope, broker.port);
        const settings = { 'mqtt.url': proxy.url, 'mqtt.sessionExpirySeconds': 600 };
        const daemon = await online(await homeOf(settings));
        await (await peerOf(STATUS)).nth(STATUS); // its own first message is out, so what it sends next is the PUBACK
        const taken = daemon.waitFor('request.stored');
        // The daemon gets the PUBLISH; its PUBACK, which comes after that, is swallowed with all it sends.
        proxy.onClientBytes = () => {
          proxy.mode = 'blackhole';
        };
        await send(payload);
        await taken;
        proxy.reset();
        proxy.onClientBytes = () => undefined;
        proxy.mode = 'pass';
        assert.equal((await daemon.waitFor('trigger.ignored'))['reason'], 'duplicate');
        assert.equal(daemon.of('trigger.accepted').length, 1);
      });
    }
  });

  describe('is paused', () => {
    it('by a word on its topic, answers all with that, and goes on at the other word', async () => {
      const daemon = await online(await homeOf({ 'trigger.everySeconds': 3600 }));
      const peer = await peerOf(OUTCOME);
      await publish(scope, broker.port, { topic: PAUSE, payload: 'on', retain: true });
      await daemon.lines.nth(1, (line) => line['pause'] === 'on');
      await send('{"request_id":"a"}');
      await send('{');
      daemon.signal('SIGUSR1');
      await peer.nth(OUTCOME, 3);
      const said = peer.on(OUTCOME).map(({ payload }) => json(payload));
      assert.ok(said.every(({ outcome, reason }) => outcome === 'ignored' && reason === 'paused'));
      assert.ok(said.some(({ trigger_id: id }) => id === 'a')); // the signal may overtake the messages
      await publish(scope, broker.port, { topic: PAUSE, payload: 'OFF\n' });
      await daemon.lines.nth(1, (line) => line['pause'] === 'off');
      await send('{"request_id":"a"}');
      assert.equal(json((await peer.nth(OUTCOME, 4)).payload)['outcome'], 'accepted');
      assert.equal(daemon.of('capture.done').length, 1);
    });

    it('also after a restart without a broker, and says so in its status', async () => {
      const home = await homeOf();
      const first = await online(home);
      await publish(scope, broker.port, { topic: PAUSE, payload: 'on' });
      await first.lines.nth(1, (line) => line['pause'] === 'on');
      await stopsClean(first, home);
      await broker.stop();
      const second = startDaemon(scope, home);
      assert.equal((await second.waitFor('daemon.ready'))['paused'], true);
      second.signal('SIGUSR1');
      assert.equal((await second.waitFor('trigger.ignored'))['reason'], 'paused');
      await broker.start();
      await second.waitFor('broker.connected');
      const peer = await peerOf(STATUS);
      assert.equal(json((await peer.nth(STATUS)).payload)['paused'], true);
    });

    it('by the retained word it finds at its start, before a trigger that waited in its session', async () => {
      const home = await homeOf({ 'mqtt.sessionExpirySeconds': 300 });
      await stopsClean(await online(home), home);
      await send('{"request_id":"waited"}');
      // QoS 0 does not wait in a session: only the retained word is there, and it comes after what waited.
      await publish(scope, broker.port, { topic: PAUSE, payload: 'on', retain: true, qos: 0 });
      const peer = await peerOf(OUTCOME);
      const daemon = await online(home);
      const said = json((await peer.nth(OUTCOME)).payload);
      assert.deepEqual([said['trigger_id'], said['reason']], ['waited', 'paused']);
      assert.deepEqual(daemon.of('trigger.accepted'), []);
    });

    it('in the middle of a capture, which ends then and there', async () => {
      const home = await createHome(scope, webcam(broker.url, { 'camera.timeoutSeconds': 60 }));
      const programs = join(home.folder, 'programs');
      await mkdir(programs);
      const say = `mosquitto_pub -h 127.0.0.1 -p ${broker.port} -t test/capturing -n`;
      await writeFile(join(programs, 'fswebcam'), `#!/bin/sh\n${say}\nsleep 600 &\nwait\n`, { mode: 0o755 });
      const peer = await peerOf(OUTCOME, 'test/capturing');
      const env = { ...home.env, PATH: `${programs}:${home.env['PATH'] ?? ''}` };
      const daemon = await online({ ...home, env });
      await send('{"request_id":"a"}');
      await peer.nth('test/capturing');
      await send('{"request_id":"b"}');
      await daemon.waitFor('trigger.accepted', 2);
      await publish(scope, broker.port, { topic: PAUSE, payload: 'on' });
      await peer.nth(OUTCOME, 2);
      const said = peer.on(OUTCOME).map(({ payload }) => json(payload));
      assert.deepEqual(said.map(({ trigger_id: id }) => id).sort(), ['a', 'b']);
      assert.ok(said.every(({ reason }) => reason === 'paused'));
      assert.deepEqual(daemon.of('capture.failed'), []);
      await stopsClean(daemon, home);
    });
  });

  it('fires its timer once after it was stopped for several periods, and keeps its beat', async () => {
    const daemon = await online(await homeOf({ 'trigger.everySeconds': 1 }));
    await daemon.waitFor('trigger.accepted');
    daemon.signal('SIGSTOP');
    const before = daemon.of('trigger.accepted').length;
    await startChild(scope, { file: 'sleep', args: ['4'] }).ended; // the suspended time is the subject
    daemon.signal('SIGCONT');
    const first = await daemon.waitFor('trigger.accepted', before + 1);
    const third = await daemon.waitFor('trigger.accepted', before + 3);
    // A burst would have the missed four at once; the beat has one period between the second and the third.
    assert.ok(timeOf(third) - timeOf(first) > 900, `${timeOf(third) - timeOf(first)} ms`);
    assert.ok(daemon.of('trigger.accepted').every(({ source }) => source === 'timer'));
  });
});

function timeOf(line: Line): number {
  return Date.parse(String(line['time']));
}

async function drawnPicture(scope: Scope): Promise<string> {
  const path = join(await scope.folder(), 'drawn.jpg');
  const ran = await runChild(scope, { file: 'fswebcam', args: ['-q', '-d', 'TEST', '-r', '320x240', path] });
  assert.equal(ran.code, 0, ran.err);
  return path;
}
