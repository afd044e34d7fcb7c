// The whole circle: the daemon, a real mosquitto, the rule, the function, a model, the data plane, and back into the daemon's log.
import assert from 'node:assert/strict';
import { connectAsync } from 'mqtt';
import { createHome, startDaemon, type Daemon } from '../../helpers/daemon.ts';
import { startMosquitto, type Mosquitto } from '../../helpers/mosquitto.ts';
import { publish, subscribe } from '../../helpers/mqtt-peer.ts';
import { Scope } from '../../helpers/scope.ts';
import {
  json as parsed,
  pictureOf,
  quick,
  REQUEST,
  RESPONSE,
  TRIGGER,
  webcam,
  type Settings,
} from '../../system/settings.ts';
import { awsError, type AwsRequest } from './aws-server.ts';
import { json, startFarSide, type FarSide, type FarSideOptions } from './far-side.ts';
import { startIotRule, type IotRule } from './iot-rule.ts';

describe('the circle from trigger to result.received', () => {
  const scope = new Scope();
  let broker: Mosquitto;
  beforeEach(async () => {
    broker = await startMosquitto(scope, { lines: ['message_size_limit 131072'] });
  });
  afterEach(() => scope.end());

  interface Circle {
    readonly daemon: Daemon;
    readonly far: FarSide;
    readonly rule: IotRule;
  }

  /** The data plane publishes on the broker, as IoT Core does with what its HTTP side is given. */
  const closed = async (
    settings: (url: string) => Settings,
    options: FarSideOptions & { readonly filter?: string; readonly selectsTopic?: boolean } = {},
  ): Promise<Circle> => {
    const { filter = REQUEST, selectsTopic = false, ...farOptions } = options;
    const inside = await connectAsync(broker.url, { reconnectPeriod: 0 });
    scope.defer(() => inside.endAsync(true));
    const far = await startFarSide(scope, {
      ...farOptions,
      onPublished: async ({ topic, payload }) => {
        await inside.publishAsync(topic, payload, { qos: 1 });
      },
    });
    const rule = await startIotRule(scope, { url: broker.url, lambda: far.lambda, filter, selectsTopic });
    const daemon = startDaemon(scope, await createHome(scope, { ...settings(broker.url) }));
    await daemon.waitFor('broker.connected');
    await far.lambda.ready;
    return { daemon, far, rule };
  };

  /** A model that answers only for a whole picture of the size that the daemon was asked for. */
  const modelFor =
    (size: { readonly widthPx: number; readonly heightPx: number }) =>
    ({ body }: AwsRequest) => {
      assert.deepEqual(pictureOf({ image_data: body.toString('base64') }), size);
      return json({ label: 'Chihuahua', confidence: 0.97 });
    };

  for (const [driver, settings, size] of [
    ['node-webcam', webcam, { widthPx: 1280, heightPx: 720 }],
    ['test', quick, { widthPx: 160, heightPx: 120 }],
  ] as const) {
    it(`classifies a picture of the ${driver} driver, under the request's own id`, async () => {
      const { daemon, far } = await closed((url) => settings(url), { model: modelFor(size) });
      await publish(scope, broker.port, { topic: TRIGGER });
      const stored = await daemon.waitFor('request.stored');
      const line = await daemon.waitFor('result.received');
      assert.deepEqual(
        [line['label'], line['confidence'], line['requestId'], line['matchedBy']],
        ['Chihuahua', 0.97, stored['requestId'], 'requestId'],
      );
      assert.deepEqual(far.results(), [
        { label: 'Chihuahua', confidence: 0.97, request_id: stored['requestId'], device_id: 'pi-test' },
      ]);
      assert.equal((await far.lambda.lines.nth(1))['requestId'], stored['requestId']);
    });
  }

  it('classifies a picture that fills the limit of AWS IoT Core', async () => {
    const { daemon, far, rule } = await closed((url) =>
      quick(url, {
        ...{ 'camera.widthPx': 2560, 'camera.heightPx': 1440, 'image.maxPayloadBytes': 131_072 },
        ...{ 'image.minQuality': 90, 'image.maxQuality': 98 },
      }),
    );
    await publish(scope, broker.port, { topic: TRIGGER });
    const { bytes } = await daemon.waitFor('request.acknowledged');
    assert.ok(Number(bytes) > 110_000 && Number(bytes) <= 131_072, String(bytes));
    assert.equal((await daemon.waitFor('result.received'))['label'], 'pug');
    assert.deepEqual([rule.refused.length, far.published.length], [0, 1]);
  });

  it('says result.failed with the cause where the endpoint fails', async () => {
    const { daemon, far } = await closed((url) => quick(url), {
      model: () => awsError(424, 'ModelError', { OriginalStatusCode: 500, OriginalMessage: 'out of memory' }),
    });
    await publish(scope, broker.port, { topic: TRIGGER });
    const stored = await daemon.waitFor('request.stored');
    const line = await daemon.waitFor('result.failed');
    assert.deepEqual(
      [line['error'], line['requestId']],
      ['modelFailed: HTTP 500 from the model: out of memory', stored['requestId']],
    );
    assert.equal(far.endpoint.requests.length, 1);
  });

  it('says result.failed where the payload holds no picture', async () => {
    const { daemon } = await closed((url) => quick(url, { 'payload.publishFrame': false }));
    await publish(scope, broker.port, { topic: TRIGGER });
    assert.match(
      String((await daemon.waitFor('result.failed'))['error']),
      /^noImage: there is no image_data/,
    );
  });

  it('answers a request that arrives twice once more, and the daemon counts it once', async () => {
    const { daemon, far } = await closed((url) => quick(url));
    const peer = await subscribe(scope, broker.port, { topics: [REQUEST] });
    await publish(scope, broker.port, { topic: TRIGGER });
    const { payload } = await peer.nth(REQUEST);
    await daemon.waitFor('result.received');
    await publish(scope, broker.port, { topic: REQUEST, payload });
    assert.equal((await daemon.waitFor('result.unmatched'))['why'], 'again');
    assert.equal(daemon.of('result.received').length, 1);
    assert.deepEqual([far.endpoint.requests.length, far.published.length], [1, 2]);
  });

  it('keeps two devices of a fleet apart, each on topics of its own', async () => {
    const own: Settings = {
      'topics.request': 'device/{deviceId}/image/request',
      'topics.response': 'device/{deviceId}/image/response',
    };
    const { daemon: first, far } = await closed((url) => quick(url, { ...own, 'device.id': 'pi-1' }), {
      filter: 'device/+/image/request',
      selectsTopic: true,
      environment: {
        REQUEST_TOPIC: 'device/{deviceId}/image/request',
        RESPONSE_TOPIC: 'device/{deviceId}/image/response',
      },
    });
    const second = startDaemon(
      scope,
      await createHome(scope, quick(broker.url, { ...own, 'device.id': 'pi-2' })),
    );
    await second.waitFor('broker.connected');
    await publish(scope, broker.port, { topic: TRIGGER });
    for (const daemon of [first, second]) {
      const { requestId } = await daemon.waitFor('request.stored');
      assert.equal((await daemon.waitFor('result.received'))['requestId'], requestId);
      assert.deepEqual(daemon.of('result.unmatched'), []);
    }
    const topics = far.published.map(({ topic }) => topic).sort();
    assert.deepEqual(topics, ['device/pi-1/image/response', 'device/pi-2/image/response']);
  });

  it('answers the publisher that knows no ids, and the daemon takes it in order', async () => {
    const { daemon } = await closed((url) => quick(url, { 'payload.metadata': false }));
    const peer = await subscribe(scope, broker.port, { topics: [RESPONSE] });
    await publish(scope, broker.port, { topic: TRIGGER });
    assert.equal((await daemon.waitFor('result.received'))['matchedBy'], 'order');
    assert.deepEqual(parsed((await peer.nth(RESPONSE)).payload), { label: 'pug', confidence: 0.9 });
  });
});
