// The payload formats as a real MQTT 5 subscriber gets them from a real broker, also after a stay in the outbox.
import assert from 'node:assert/strict';
import { connect, type IPublishPacket } from 'mqtt';
import { createHome, startDaemon } from '../helpers/daemon.ts';
import { Arrivals } from '../helpers/arrivals.ts';
import { startMosquitto, type Mosquitto } from '../helpers/mosquitto.ts';
import { Scope } from '../helpers/scope.ts';
import { oversize } from '../../src/mqtt/packets.ts';
import { readJpegStructure } from '../../src/support/jpeg-structure.ts';
import { quick, REQUEST, storeSome } from '../system/settings.ts';

describe('a request on the wire', () => {
  const scope = new Scope();
  let broker: Mosquitto;
  beforeEach(async () => {
    broker = await startMosquitto(scope);
  });
  afterEach(() => scope.end());

  const listen = async (): Promise<Arrivals<IPublishPacket>> => {
    const packets = new Arrivals<IPublishPacket>();
    const client = connect(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
    scope.defer(() => client.endAsync(true));
    client.on('message', (_topic, _payload, packet) => {
      packets.add(packet);
    });
    await client.subscribeAsync(REQUEST, { qos: 1 });
    return packets;
  };

  it('raw: the user properties outlast outbox, kill -9 and the broker being away', async () => {
    await broker.stop();
    const home = await createHome(scope, quick(broker.url, { 'payload.format': 'raw' }));
    const first = startDaemon(scope, home);
    await first.waitFor('daemon.ready');
    const [requestId] = await storeSome(first, 1);
    await first.kill9();
    await broker.start();
    const packets = await listen();
    await startDaemon(scope, home).waitFor('request.acknowledged');
    const { payload, properties } = await packets.nth(1, () => true);
    const structure = readJpegStructure(Buffer.from(payload));
    assert.ok(structure.kind === 'complete');
    assert.equal(properties?.contentType, 'image/jpeg');
    const said = { ...properties.userProperties };
    const {
      captured_at: capturedAt,
      trigger_id: triggerId,
      clock_synchronised: synchronised,
      ...rest
    } = said;
    assert.deepEqual(rest, {
      request_id: requestId,
      device_id: 'pi-test',
      width: String(structure.widthPx),
      height: String(structure.heightPx),
    });
    assert.match(String(capturedAt), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.match(String(triggerId), /^[0-9a-f-]{36}$/);
    assert.match(String(synchronised), /^(true|false)$/);
  });

  it('raw: goes over MQTT 3.1.1 as well, where the user properties are lost', async () => {
    const packets = await listen();
    const settings = { 'payload.format': 'raw', 'mqtt.protocol': 4 };
    const home = await createHome(scope, quick(broker.url, settings));
    const daemon = startDaemon(scope, home);
    await daemon.waitFor('broker.connected');
    await storeSome(daemon, 1);
    const { payload, properties } = await packets.nth(1, () => true);
    assert.equal(readJpegStructure(Buffer.from(payload)).kind, 'complete');
    assert.equal(properties?.userProperties, undefined);
  });

  it('publishFrame false: the metadata alone, however small the bound and large the picture', async () => {
    const packets = await listen();
    const settings = {
      ...{ 'payload.publishFrame': false, 'image.maxPayloadBytes': 1000 },
      ...{ 'camera.widthPx': 1280, 'camera.heightPx': 720 },
    };
    const home = await createHome(scope, quick(broker.url, settings));
    const daemon = startDaemon(scope, home);
    await daemon.waitFor('broker.connected');
    await storeSome(daemon, 1);
    const { payload } = await packets.nth(1, () => true);
    const json = JSON.parse(payload.toString()) as Record<string, unknown>;
    assert.deepEqual([json['width'], json['height'], 'image_data' in json], [1280, 720, false]);
  });

  it('is held back where its user properties alone take it past the packets that the broker takes', () => {
    const userProperties = { request_id: 'x'.repeat(36), device_id: 'y'.repeat(128) };
    const message = { topic: 't', payload: new Uint8Array(100), qos: 1, retain: false } as const;
    // 4 lengths of texts of 2 bytes and 2 identifiers (MQTT 5, 3.3.2.3.7), and the texts.
    const bytes = 10 + Buffer.byteLength('request_iddevice_id') + 36 + 128;
    const fits = (properties: object, limit: number): boolean =>
      oversize({ ...message, properties }, limit) === undefined;
    const least = Array.from({ length: 300 }, (_, limit) => limit).find((limit) => fits({}, limit)) ?? 0;
    assert.equal(fits({ userProperties }, least + bytes), true);
    assert.equal(fits({ userProperties }, least + bytes - 1), false);
  });
});
