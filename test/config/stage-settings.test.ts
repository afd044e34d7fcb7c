// Each option of a stage comes from the key of its name: every key set to a value of its own, through the real loader.
import assert from 'node:assert/strict';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import * as settings from '../../src/config/stage-settings.ts';

async function configOf(...values: readonly string[]): Promise<Config> {
  const outcome = await loadConfig({
    ...{ paths: [], defaultPathMayBeAbsent: false, env: {}, settings: values, hostName: 'pi-1' },
  });
  assert.ok(outcome.kind === 'loaded', JSON.stringify(outcome));
  return outcome.config;
}

const BROKER_DEFAULTS = {
  url: 'mqtt://127.0.0.1:1883',
  clientId: 'pi-1',
  protocol: 'auto',
  tls: {},
  keepaliveSeconds: 60,
  sessionExpirySeconds: 0,
  connectTimeoutSeconds: 10,
  ackTimeoutSeconds: 20,
};
const CAMERA_DEFAULTS = {
  driver: 'node-webcam',
  device: 'auto',
  widthPx: 1280,
  heightPx: 720,
  skipFrames: 20,
  timeoutSeconds: 15,
  keepWarmSeconds: 30,
  onSuspect: 'publish',
};
const FIT_DEFAULTS = {
  maxWidthPx: 0,
  minWidthPx: 224,
  minQuality: 40,
  maxQuality: 90,
  encoder: 'fast',
  greyscale: false,
  rotateDegrees: 0,
  flip: 'none',
  deviceId: 'pi-1',
};
const PAYLOAD_DEFAULTS = { deviceId: 'pi-1', format: 'json', metadata: true, publishFrame: true };
const ADDRESS_DEFAULTS = {
  topic: 'device/image/request',
  qos: 1,
  responseTopic: 'device/image/response',
  maxAgeSeconds: 0,
};

interface Stage {
  readonly name: string;
  readonly of: (config: Config) => object;
  /** What it is without any setting; what is unset is absent. */
  readonly usual: object;
  /** Settings, and the options that they change. */
  readonly changes: readonly (readonly [readonly string[], object])[];
}

const STAGES: readonly Stage[] = [
  {
    name: 'brokerSettings()',
    of: settings.brokerSettings,
    usual: BROKER_DEFAULTS,
    changes: [
      [['mqtt.url=mqtts://broker:8884'], { url: 'mqtts://broker:8884' }],
      [['mqtt.clientId=cam-{deviceId}'], { clientId: 'cam-pi-1' }],
      [['mqtt.protocol=4'], { protocol: 4 }],
      [['mqtt.username=me', 'mqtt.passwordFile=/p'], { username: 'me', passwordFile: '/p' }],
      [['mqtt.tls.caFile=/ca.pem'], { tls: { caFile: '/ca.pem' } }],
      [
        ['mqtt.tls.certFile=/c.pem', 'mqtt.tls.keyFile=/k.pem'],
        { tls: { certFile: '/c.pem', keyFile: '/k.pem' } },
      ],
      [['mqtt.tls.serverName=broker.local'], { tls: { serverName: 'broker.local' } }],
      [['mqtt.keepaliveSeconds=61'], { keepaliveSeconds: 61 }],
      [['mqtt.sessionExpirySeconds=62'], { sessionExpirySeconds: 62 }],
      [['mqtt.connectTimeoutSeconds=63'], { connectTimeoutSeconds: 63 }],
      [['mqtt.ackTimeoutSeconds=64'], { ackTimeoutSeconds: 64 }],
      [['mqtt.proxyUrl=http://proxy:3128'], { proxyUrl: 'http://proxy:3128' }],
      [['mqtt.broker=aws'], { refusesByClosing: { requestTopic: 'device/image/request' } }],
    ],
  },
  {
    name: 'cameraSettings()',
    of: settings.cameraSettings,
    usual: CAMERA_DEFAULTS,
    changes: [
      [['camera.driver=file', 'camera.path=/pictures'], { driver: 'file', path: '/pictures' }],
      [['camera.device=/dev/video7'], { device: '/dev/video7' }],
      [['camera.widthPx=641'], { widthPx: 641 }],
      [['camera.heightPx=481'], { heightPx: 481 }],
      [['camera.skipFrames=3'], { skipFrames: 3 }],
      [['camera.timeoutSeconds=4.5'], { timeoutSeconds: 4.5 }],
      [['camera.keepWarmSeconds=-1'], { keepWarmSeconds: -1 }],
      [['camera.driver=stream'], { driver: 'stream' }],
      [['camera.onSuspect=fail'], { onSuspect: 'fail' }],
      [
        ['camera.driver=url', 'camera.url=https://camera/a.jpg', 'camera.path=/password'],
        { driver: 'url', url: 'https://camera/a.jpg', path: '/password' },
      ],
      [['camera.controls={"gain":7}'], { controls: { gain: 7 } }],
    ],
  },
  {
    name: 'fitSettings()',
    of: settings.fitSettings,
    usual: FIT_DEFAULTS,
    changes: [
      [['image.maxWidthPx=640'], { maxWidthPx: 640 }],
      [['image.minWidthPx=100'], { minWidthPx: 100 }],
      [['image.minQuality=41'], { minQuality: 41 }],
      [['image.maxQuality=89'], { maxQuality: 89 }],
      [['image.encoder=mozjpeg'], { encoder: 'mozjpeg' }],
      [['image.greyscale=true'], { greyscale: true }],
      [
        ['image.crop={"left":0.1,"top":0.2,"width":0.3,"height":0.4}'],
        { crop: { left: 0.1, top: 0.2, width: 0.3, height: 0.4 } },
      ],
      [['device.id=cam-7'], { deviceId: 'cam-7' }],
      [['camera.rotateDegrees=90'], { rotateDegrees: 90 }],
      [['camera.flip=both'], { flip: 'both' }],
    ],
  },
  {
    name: 'payloadSettings()',
    of: settings.payloadSettings,
    usual: PAYLOAD_DEFAULTS,
    changes: [
      [['device.id=cam-7'], { deviceId: 'cam-7' }],
      [['payload.metadata=false'], { metadata: false }],
      [['payload.format=raw'], { format: 'raw' }],
      [['payload.publishFrame=false'], { publishFrame: false }],
    ],
  },
  {
    name: 'requestAddress()',
    of: settings.requestAddress,
    usual: ADDRESS_DEFAULTS,
    changes: [
      [['topics.request=a/{deviceId}'], { topic: 'a/pi-1' }],
      [['mqtt.qos=2'], { qos: 2 }],
      [['topics.response=b/+'], { responseTopic: 'b/+' }],
      [['outbox.maxAgeSeconds=3600'], { maxAgeSeconds: 3600 }],
    ],
  },
];

for (const { name, of, usual, changes } of STAGES) {
  describe(name, () => {
    it('is made of the defaults, without what is unset', async () => {
      assert.deepEqual(of(await configOf()), usual);
    });
    for (const [values, changed] of changes) {
      it(`follows ${values.join(' ')}`, async () => {
        assert.deepEqual(of(await configOf(...values)), { ...usual, ...changed });
      });
    }
  });
}

describe('brokerSettings() names the protocol of AWS in TLS', () => {
  const alpn = ['x-amzn-mqtt-ca'];
  const cases: readonly [string, readonly string[], readonly string[] | undefined][] = [
    ['never elsewhere', ['mqtt.url=mqtts://host:443'], undefined],
    ['not on port 8883', ['mqtt.url=mqtts://host:8883', 'mqtt.broker=aws'], undefined],
    ['not on the default port', ['mqtt.url=mqtts://host', 'mqtt.broker=aws'], undefined],
    ['on port 443', ['mqtt.url=mqtts://host:443', 'mqtt.broker=aws'], alpn],
  ];
  for (const [what, values, expected] of cases) {
    it(what, async () => {
      const { tls } = settings.brokerSettings(await configOf(...values));
      assert.deepEqual((tls as { alpn?: unknown }).alpn, expected);
    });
  }

  it('beside the files of the device', async () => {
    const { tls } = settings.brokerSettings(
      await configOf('mqtt.url=mqtts://host:443', 'mqtt.broker=aws', 'mqtt.tls.caFile=/ca.pem'),
    );
    assert.deepEqual(tls, { caFile: '/ca.pem', alpn });
  });
});

describe('publishLimits()', () => {
  it("are AWS IoT Core's for a connection, and none elsewhere", async () => {
    const aws = await configOf('mqtt.url=mqtts://host:8883', 'mqtt.broker=aws');
    const rateLimits = { messagesPerSecond: 100, bytesPerSecond: 524_288 };
    assert.deepEqual(settings.publishLimits(aws), { rateLimits });
    assert.deepEqual(settings.publishLimits(await configOf()), {});
  });
});

describe('subscriptions()', () => {
  it('are the pause before all else, the trigger filters that no other one covers, and the response', async () => {
    const config = await configOf('topics.trigger=a/b,a/+,a/+,b', 'topics.response=c');
    assert.deepEqual(settings.subscriptions(config).filters, ['device/pi-1/image/pause', 'a/+', 'b', 'c']);
  });

  it('tell a trigger from a result by their filters', async () => {
    const { isTrigger, isResult } = settings.subscriptions(
      await configOf('topics.trigger=a/+', 'topics.response=b/#'),
    );
    const topics = ['a/1', 'a', 'b', 'b/2/3', 'c'];
    assert.deepEqual(topics.filter(isTrigger), ['a/1']);
    assert.deepEqual(topics.filter(isResult), ['b', 'b/2/3']);
  });

  it('keep answers away from what this device listens to', async () => {
    const { replyPolicy } = settings.subscriptions(
      await configOf('topics.trigger=a/+', 'topics.response=b/#'),
    );
    assert.deepEqual(['a/1', 'b/2', 'c'].map(replyPolicy.subscribed), [true, true, false]);
    assert.equal(Object.hasOwn(replyPolicy, 'prefix'), false);
  });

  it("keep answers below the device's own topics on AWS", async () => {
    const { replyPolicy } = settings.subscriptions(
      await configOf('mqtt.url=mqtts://host:8883', 'mqtt.broker=aws'),
    );
    assert.equal(replyPolicy.prefix, 'device/pi-1/');
  });
});
