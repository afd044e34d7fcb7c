// `shutterd publish` as a process, against a real mosquitto and a scripted far side.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { connect } from 'mqtt';
import sharp from 'sharp';
import { readJpegStructure } from '../../src/support/jpeg-structure.ts';
import { createHome, runShutterd, startDaemon, storedIds, type Home } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { startMosquitto, type Mosquitto } from '../helpers/mosquitto.ts';
import { subscribe } from '../helpers/mqtt-peer.ts';
import { startRawServer } from '../helpers/raw-server.ts';
import { Scope } from '../helpers/scope.ts';
import { jpegOf, noise, quarters } from '../support/jpeg-samples.ts';
import { pictureOf, quick, REQUEST, RESPONSE, STATUS, type Settings } from '../system/settings.ts';

describe('shutterd publish', () => {
  const scope = new Scope();
  let broker: Mosquitto;
  beforeEach(async () => {
    broker = await startMosquitto(scope);
  });
  afterEach(() => scope.end());

  const prepared = async (
    bytes: Uint8Array,
    settings: Settings = {},
  ): Promise<{ home: Home; path: string }> => {
    const home = await createHome(scope, quick(broker.url, settings));
    const path = join(home.folder, 'picture.jpg');
    await writeFile(path, bytes);
    return { home, path };
  };
  const small = (): Promise<Uint8Array> => jpegOf(quarters(64, 48));

  /** Answers each request with what `answer` makes of its id. */
  const classify = async (answer: (requestId: string) => unknown): Promise<void> => {
    const client = connect(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
    scope.defer(() => client.endAsync(true));
    client.on('message', (_topic, payload) => {
      const { request_id: requestId } = JSON.parse(payload.toString()) as { request_id: string };
      client.publish(RESPONSE, JSON.stringify(answer(requestId)), { qos: 1 });
    });
    await client.subscribeAsync(REQUEST, { qos: 1 });
  };

  it('ends with 1 where there is no such file', async () => {
    const { home } = await prepared(await small());
    const { code, err } = await runShutterd(scope, home, ['publish', 'none.jpg']);
    assert.deepEqual([code, err], [1, 'Cannot read none.jpg: there is no such file, a JPEG is needed']);
  });

  it('ends with 2 without a file, and with a time that is none', async () => {
    const { home, path } = await prepared(await small());
    assert.equal((await runShutterd(scope, home, ['publish'])).code, 2);
    const { code, err } = await runShutterd(scope, home, ['publish', path, '--wait', '--timeout', 'soon']);
    assert.deepEqual([code, err], [2, 'Cannot wait soon seconds: allowed is above 0, up to 86400']);
  });

  it('ends with 5 and the remedy for a PNG, and publishes nothing', async () => {
    const peer = await subscribe(scope, broker.port, { topics: ['#'] });
    const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const { home, path } = await prepared(png);
    const { code, out, err } = await runShutterd(scope, home, ['publish', path]);
    assert.deepEqual([code, out], [5, '']);
    assert.match(err, /^Cannot publish .*, a whole JPEG is needed\n.*ffmpeg -i PICTURE/);
    assert.deepEqual(peer.messages.all, []);
  });

  it('ends with 5 for a JPEG that is cut short, without advice to convert it', async () => {
    const { home, path } = await prepared((await small()).subarray(0, -10));
    const { code, err } = await runShutterd(scope, home, ['publish', path]);
    assert.equal(code, 5);
    assert.doesNotMatch(err, /ffmpeg/);
  });

  it('ends with 5 and the smallest size where the picture cannot be made to fit', async () => {
    const { home, path } = await prepared(await jpegOf(noise(640, 480)), {
      ...{ 'image.maxPayloadBytes': 8000, 'image.minWidthPx': 640, 'image.minQuality': 90 },
    });
    const { code, err } = await runShutterd(scope, home, ['publish', path]);
    assert.equal(code, 5);
    assert.match(err, /the smallest try has \d+ bytes, \d+ are allowed \(image\.maxPayloadBytes\)$/);
  });

  it('ends with 1 and the cause where there is no broker', async () => {
    const { home, path } = await prepared(await small(), {
      'mqtt.url': `mqtt://127.0.0.1:${await freePort()}`,
    });
    const { code, err } = await runShutterd(scope, home, ['publish', path]);
    assert.equal(code, 1);
    assert.match(err, /^Cannot reach broker .*ECONNREFUSED/);
  });

  it('ends with 6 when nobody answers, and has told what it published', async () => {
    const { home, path } = await prepared(await small());
    const args = ['publish', path, '--wait', '--timeout', '0.3', '--json'];
    const { code, out, err } = await runShutterd(scope, home, args);
    assert.equal(code, 6);
    assert.match(err, /^Cannot show the classification: none came within 0\.3 s/);
    assert.equal((JSON.parse(out) as Record<string, unknown>)['topic'], REQUEST);
  });

  it('ends with 1 when the far side says that it failed', async () => {
    await classify((requestId) => ({ error: 'no model', request_id: requestId }));
    const { home, path } = await prepared(await small());
    const { code, err } = await runShutterd(scope, home, ['publish', path, '--wait']);
    assert.deepEqual([code, err], [1, 'Cannot show the classification: the far side failed with no model']);
  });

  it('makes a large picture fit, and tells how in one JSON object', async () => {
    const peer = await subscribe(scope, broker.port, { topics: [REQUEST] });
    const { home, path } = await prepared(await jpegOf(noise(800, 600)), { 'image.maxPayloadBytes': 60_000 });
    const { code, out } = await runShutterd(scope, home, ['publish', path, '--json']);
    assert.equal(code, 0);
    const report = JSON.parse(out) as Record<string, number | string>;
    const { payload, correlationData } = await peer.nth(REQUEST);
    const request = JSON.parse(payload.toString()) as Record<string, unknown>;
    const { widthPx, heightPx } = pictureOf(request);
    const { quality, shareOfBudget, encodes, captureMs, fitMs, ackMs, bytes, ...told } = report;
    assert.deepEqual(told, {
      ...{ width: widthPx, height: heightPx, payloadBytes: payload.length },
      ...{ topic: REQUEST, requestId: correlationData },
    });
    assert.ok(payload.length <= 60_000 && payload.length > Number(bytes));
    assert.ok(Number(quality) <= 90 && Number(shareOfBudget) <= 1 && Number(encodes) > 0);
    for (const time of [captureMs, fitMs, ackMs]) assert.ok(Number.isInteger(time), JSON.stringify(report));
  });

  it('publishes in the configured format', async () => {
    const peer = await subscribe(scope, broker.port, { topics: [REQUEST] });
    const jpeg = await small();
    const { home, path } = await prepared(jpeg, { 'payload.format': 'raw' });
    const { code } = await runShutterd(scope, home, ['publish', path]);
    const { payload, contentType } = await peer.nth(REQUEST);
    assert.deepEqual([code, contentType], [0, 'image/jpeg']);
    assert.equal(readJpegStructure(payload).kind, 'complete');
  });

  for (const withId of [true, false]) {
    it(`prints the classification from a far side that returns ${withId ? 'the id' : 'no id'}`, async () => {
      await classify((requestId) => ({
        ...{ label: 'Chihuahua', confidence: 0.97 },
        ...(withId ? { request_id: requestId } : {}),
      }));
      const { home, path } = await prepared(await small());
      const { code, out } = await runShutterd(scope, home, ['publish', path, '--wait']);
      assert.equal(code, 0);
      assert.match(out, /^ +published +on device\/image\/request, taken after \d+ ms$/m);
      const matchedBy = withId ? 'requestId' : 'order';
      assert.match(
        out,
        new RegExp(`classification +Chihuahua 0\\.97, matched by ${matchedBy}, after \\d+ ms$`),
      );
    });
  }

  it('works beside a daemon that holds the outbox, and leaves both alone', async () => {
    const { home, path } = await prepared(await small());
    const daemon = startDaemon(scope, home);
    await daemon.waitFor('broker.connected');
    const peer = await subscribe(scope, broker.port, { topics: ['#'] });
    assert.equal((await runShutterd(scope, home, ['publish', path])).code, 0);
    await peer.nth(REQUEST);
    assert.deepEqual([daemon.of('broker.lost'), daemon.of('request.stored')], [[], []]);
    assert.deepEqual(await storedIds(home), []);
    assert.ok(peer.on(STATUS).every(({ payload }) => payload.toString().includes('"online"')));
  });

  for (const [what, onPublish] of [
    ['no acknowledgement comes', () => undefined],
    ['the broker closes the connection at the request', (socket: Socket) => socket.destroy()],
  ] as const) {
    it(`ends with 6 where ${what}`, async () => {
      const port = await startRawServer(scope, (piece, socket) => {
        if (piece[0] === 0x10)
          socket.write(Buffer.of(0x20, 2, 0, 0)); // CONNECT, CONNACK of MQTT 3.1.1
        else onPublish(socket);
      });
      const { home, path } = await prepared(await small(), {
        ...{ 'mqtt.url': `mqtt://127.0.0.1:${port}`, 'mqtt.protocol': 4, 'mqtt.ackTimeoutSeconds': 0.3 },
      });
      const { code, out, err } = await runShutterd(scope, home, ['publish', path]);
      assert.deepEqual([code, out], [6, '']);
      assert.match(err, /^Cannot publish on device\/image\/request: .*acknowledgement/);
    });
  }
});
