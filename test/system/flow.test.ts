// The daemon as a process against a real mosquitto: trigger, request, result, status; and what hostile bytes do to it.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'mqtt';
import { createHome, startDaemon, type Daemon } from '../helpers/daemon.ts';
import { startMosquitto, type Mosquitto } from '../helpers/mosquitto.ts';
import { publish, subscribe } from '../helpers/mqtt-peer.ts';
import { Scope } from '../helpers/scope.ts';
import { jpegOf, noise } from '../support/jpeg-samples.ts';
import {
  json,
  OUTCOME,
  pictureOf,
  quick,
  REQUEST,
  RESPONSE,
  STATUS,
  stopsClean,
  TRIGGER,
  webcam,
} from './settings.ts';
import type { Settings } from './settings.ts';

const MAX_PAYLOAD_BYTES = 128_000;
const SINGLE_LINES = 10; // of a flood; the rest is summed up

for (const protocol of [4, 5] as const) {
  describe(`shutterd run, protocol ${protocol}`, () => {
    const scope = new Scope();
    let broker: Mosquitto;
    beforeEach(async () => {
      broker = await startMosquitto(scope);
    });
    afterEach(() => scope.end());

    const online = async (settings: Settings): Promise<Daemon> => {
      const home = await createHome(scope, { 'mqtt.protocol': protocol, ...settings });
      const daemon = startDaemon(scope, home);
      assert.equal((await daemon.waitFor('broker.connected'))['protocol'], protocol);
      return daemon;
    };

    it('answers one trigger with one request that holds a whole JPEG of the granted size', async () => {
      const peer = await subscribe(scope, broker.port, { topics: [REQUEST, OUTCOME] });
      const daemon = await online(webcam(broker.url));
      await publish(scope, broker.port, { topic: TRIGGER, qos: 1, protocol });
      const received = await peer.nth(REQUEST);
      assert.ok(received.payload.length <= MAX_PAYLOAD_BYTES);
      const request = json(received.payload);
      assert.deepEqual(pictureOf(request), { widthPx: 1280, heightPx: 720 });
      assert.deepEqual([request['width'], request['height']], [1280, 720]);
      assert.equal(request['device_id'], 'pi-test');
      assert.match(String(request['captured_at']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      const stored = await daemon.waitFor('request.stored');
      assert.equal(request['request_id'], stored['requestId']);
      assert.equal(stored['bytes'], received.payload.length);
      const outcome = json((await peer.nth(OUTCOME)).payload);
      assert.equal(outcome['outcome'], 'accepted');
      assert.equal(outcome['request_id'], request['request_id']);
      assert.equal(outcome['trigger_id'], request['trigger_id']);
      assert.equal((await daemon.waitFor('request.acknowledged'))['requestId'], request['request_id']);
      assert.equal(peer.on(REQUEST).length, 1);
      const { contentType, correlationData, responseTopic } = received;
      assert.deepEqual(
        [contentType, correlationData, responseTopic],
        protocol === 5 ? ['application/json', request['request_id'], RESPONSE] : ['', '', ''],
      );
    });

    it('makes a noisy picture fit the limit', async () => {
      const peer = await subscribe(scope, broker.port, { topics: [REQUEST] });
      const path = join(await scope.folder(), 'noise.jpg');
      await writeFile(path, await jpegOf(noise(1280, 720)));
      const daemon = await online(quick(broker.url, { 'camera.driver': 'file', 'camera.path': path }));
      await publish(scope, broker.port, { topic: TRIGGER, qos: 1, protocol });
      const { payload } = await peer.nth(REQUEST);
      assert.ok(payload.length <= MAX_PAYLOAD_BYTES, String(payload.length));
      assert.ok(payload.length > MAX_PAYLOAD_BYTES * 0.8, `it wastes the budget: ${payload.length} bytes`);
      const request = json(payload);
      const { widthPx, heightPx } = pictureOf(request);
      assert.deepEqual([request['width'], request['height']], [widthPx, heightPx]);
      assert.equal((await daemon.waitFor('capture.done'))['widthPx'], 1280);
    });

    it('logs a result once, with label, confidence and latency', async () => {
      const daemon = await online(quick(broker.url));
      await publish(scope, broker.port, { topic: TRIGGER, protocol });
      const { requestId } = await daemon.waitFor('request.acknowledged');
      await publish(scope, broker.port, {
        ...{ topic: RESPONSE, payload: '{"label":"Chihuahua","confidence":0.97}', protocol },
      });
      const line = await daemon.waitFor('result.received');
      assert.deepEqual(
        [line['label'], line['confidence'], line['requestId']],
        ['Chihuahua', 0.97, requestId],
      );
      assert.equal(line['matchedBy'], 'order');
      assert.ok(Number(line['latencyMs']) >= 0);
      await publish(scope, broker.port, {
        topic: RESPONSE,
        payload: '{"label":"b","confidence":1}',
        protocol,
      });
      assert.equal((await daemon.waitFor('result.unmatched'))['label'], 'b');
      assert.equal(daemon.of('result.received').length, 1);
    });

    it('keeps a retained status: online, offline after a stop, offline by the will after a kill', async () => {
      const home = await createHome(scope, quick(broker.url, { 'mqtt.protocol': protocol }));
      const peer = await subscribe(scope, broker.port, { topics: [STATUS] });
      const retained = async (): Promise<Record<string, unknown>> => {
        const late = await subscribe(scope, broker.port, { topics: [STATUS] });
        const received = await late.nth(STATUS);
        assert.equal(received.retained, true);
        return json(received.payload);
      };
      const first = startDaemon(scope, home);
      await peer.nth(STATUS, 1);
      assert.equal((await retained())['state'], 'online');
      await stopsClean(first, home);
      assert.equal((await retained())['state'], 'offline');
      const second = startDaemon(scope, home);
      await peer.nth(STATUS, 3);
      assert.equal((await retained())['state'], 'online');
      await second.kill9();
      await peer.nth(STATUS, 4);
      const will = await retained();
      assert.deepEqual(Object.keys(will).sort(), ['device_id', 'state', 'version']);
      assert.deepEqual([will['state'], will['device_id']], ['offline', 'pi-test']);
    });

    it('ignores a retained trigger at every start, and says so', async () => {
      await publish(scope, broker.port, { topic: TRIGGER, payload: 'old', retain: true, protocol });
      const home = await createHome(scope, quick(broker.url, { 'mqtt.protocol': protocol }));
      for (let start = 1; start <= 2; start += 1) {
        const daemon = startDaemon(scope, home);
        assert.equal((await daemon.waitFor('trigger.ignored'))['reason'], 'retained');
        await stopsClean(daemon, home);
        assert.deepEqual(daemon.of('trigger.accepted'), []);
      }
    });

    it('answers garbage triggers, whatever their bytes, and stays up', async () => {
      const peer = await subscribe(scope, broker.port, { topics: [OUTCOME] });
      const daemon = await online(quick(broker.url, { 'trigger.burst': 'queue', 'trigger.maxWaiting': 100 }));
      const bytes = [...Array(256).keys()].map((byte) => Buffer.from([byte]));
      const broken = [
        '{',
        '{"request_id":',
        '{"request_id":1}',
        '{}}',
        '{"a":'.repeat(10_000),
        '{"\ud800":1',
      ];
      const hostile = [
        ...broken.map((text) => Buffer.from(text)),
        Buffer.alloc(70_000, 0x20),
        Buffer.alloc(70_000),
      ];
      const all = [...bytes, ...hostile];
      const client = connect(broker.url, { protocolVersion: protocol, reconnectPeriod: 0 });
      scope.defer(() => client.endAsync(true));
      // In portions: more than 20 outcomes in flight at once are not told.
      for (let at = 0; at < all.length; at += 16) {
        const portion = all.slice(at, at + 16);
        await Promise.all(portion.map((payload) => client.publishAsync(TRIGGER, payload, { qos: 1 })));
        await peer.nth(OUTCOME, at + portion.length);
      }
      const said = peer.on(OUTCOME).map(({ payload }) => json(payload)['outcome']);
      assert.equal(said.filter((outcome) => outcome === 'accepted').length, 255);
      assert.equal(said.filter((outcome) => outcome === 'ignored').length, 1 + hostile.length);
      assert.equal(daemon.of('trigger.ignored').filter(({ reason }) => reason === 'malformed').length, 9);
    });

    it('names the first garbage results, sums the others up, escaped, and stays up', async () => {
      const daemon = await online(quick(broker.url));
      const garbage = [
        '',
        '\u001b[2J\u001b]0;x\u0007{"label":"a"',
        '{"label":"a","confidence":1}\n{"event":"forged"}',
        '{"label":"a","confidence":2}',
        '{"label":"a","confidence":"0.9"}',
        '{"label":null,"confidence":1}',
        '[1,2]',
        'null',
        '['.repeat(60_000),
        '\u202egnp\u2028\u0085',
        'x'.repeat(70_000),
      ].map((text) => Buffer.from(text));
      const all = [...garbage, Buffer.from([0xff, 0xfe, 0x00, 0x0a])];
      const client = connect(broker.url, { protocolVersion: protocol, reconnectPeriod: 0 });
      scope.defer(() => client.endAsync(true));
      for (const payload of all) await client.publishAsync(RESPONSE, payload, { qos: 1 });
      const good = '{"label":"\\u001b[31mred\\u2028","confidence":0.5}';
      await client.publishAsync(RESPONSE, good, { qos: 1 });
      const line = await daemon.waitFor('result.unmatched');
      const invalid = await daemon.waitFor('result.invalid', SINGLE_LINES + 1);
      assert.equal(invalid['count'], all.length - SINGLE_LINES);
      assert.ok(String(line['label']).includes('red'));
      for (const raw of daemon.raw.all) {
        assert.doesNotMatch(raw, /[\p{Cc}\u2028\u2029\u202e]/u);
        assert.ok(Buffer.byteLength(raw) <= 8192);
      }
      assert.equal(daemon.raw.all.filter((raw) => raw.startsWith('{"event":"forged"')).length, 0);
    });

    it('takes one picture for triggers that come while one is at work', async () => {
      const peer = await subscribe(scope, broker.port, { topics: [OUTCOME] });
      const daemon = await online(webcam(broker.url));
      const client = connect(broker.url, { protocolVersion: protocol, reconnectPeriod: 0 });
      scope.defer(() => client.endAsync(true));
      const ids = ['one', 'two', 'three', 'four', 'five'];
      for (const id of ids) client.publish(TRIGGER, JSON.stringify({ request_id: id }), { qos: 1 });
      await peer.nth(OUTCOME, ids.length);
      const outcomes = peer.on(OUTCOME).map(({ payload }) => json(payload));
      assert.deepEqual(outcomes.map((outcome) => outcome['trigger_id']).sort(), [...ids].sort());
      assert.ok(outcomes.every((outcome) => outcome['outcome'] === 'accepted'));
      assert.equal(
        daemon.of('request.stored').length,
        new Set(outcomes.map((one) => one['request_id'])).size,
      );
      assert.ok(daemon.of('capture.done').length < ids.length);
    });
  });
}

describe('shutterd run with MQTT 5', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  it('answers at the response topic of a trigger, with its correlation data', async () => {
    const broker = await startMosquitto(scope);
    const home = await createHome(scope, quick(broker.url));
    const daemon = startDaemon(scope, home);
    await daemon.waitFor('broker.connected');
    const peer = await subscribe(scope, broker.port, { topics: ['answer/#', OUTCOME] });
    const trigger = { topic: TRIGGER, responseTopic: 'answer/here', correlationData: 'c-1' };
    await publish(scope, broker.port, trigger);
    const answer = await peer.nth('answer/here');
    assert.equal(answer.correlationData, 'c-1');
    assert.deepEqual(json(answer.payload), json((await peer.nth(OUTCOME)).payload));
  });

  it('ignores a trigger that is published with retain while it listens', async () => {
    const broker = await startMosquitto(scope);
    const daemon = startDaemon(scope, await createHome(scope, quick(broker.url)));
    await daemon.waitFor('broker.connected');
    await publish(scope, broker.port, { topic: TRIGGER, payload: 'x', retain: true });
    assert.equal((await daemon.waitFor('trigger.ignored'))['reason'], 'retained');
  });

  it('folds a result onto its request by the id it carries', async () => {
    const broker = await startMosquitto(scope);
    const daemon = startDaemon(scope, await createHome(scope, quick(broker.url)));
    await daemon.waitFor('broker.connected');
    for (let n = 1; n <= 2; n += 1) {
      await publish(scope, broker.port, { topic: TRIGGER });
      await daemon.waitFor('request.acknowledged', n);
    }
    const { requestId } = await daemon.waitFor('request.acknowledged', 2);
    const said = { label: 'pug', confidence: 0.5, request_id: requestId };
    await publish(scope, broker.port, { topic: RESPONSE, payload: JSON.stringify(said) });
    const line = await daemon.waitFor('result.received');
    assert.deepEqual([line['requestId'], line['matchedBy']], [requestId, 'requestId']);
  });
});
