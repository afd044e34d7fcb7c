// The rules between keys: each one broken once, through the whole loader.
import assert from 'node:assert/strict';
import { brokerAddress } from '../../src/config/broker-url.ts';
import { loadConfig, type LoadOutcome } from '../../src/config/load.ts';

const load = (settings: readonly string[]): Promise<LoadOutcome> =>
  loadConfig({ paths: [], defaultPathMayBeAbsent: false, env: {}, settings, hostName: 'pi-1' });

async function problemKeys(settings: readonly string[]): Promise<readonly string[]> {
  const outcome = await load(settings);
  return outcome.kind === 'rejected' ? outcome.problems.map(({ key }) => key) : [];
}

const greengrass = (...settings: string[]): readonly string[] => ['mqtt.transport=greengrass', ...settings];
const aws = (setting: string): readonly string[] => ['mqtt.broker=aws', setting];

describe('loadConfig() refuses', () => {
  const broken: readonly [string, readonly string[], readonly string[]][] = [
    [
      'a lowest quality above the highest',
      ['image.minQuality=80', 'image.maxQuality=70'],
      ['image.minQuality'],
    ],
    ['a highest quality below the default lowest', ['image.maxQuality=30'], ['image.maxQuality']],
    ['a widest image below the narrowest', ['image.maxWidthPx=100'], ['image.maxWidthPx']],
    ['a backoff base above its maximum', ['mqtt.reconnect.baseSeconds=60'], ['mqtt.reconnect.baseSeconds']],
    ['a certificate without its key', ['mqtt.tls.certFile=/c.pem'], ['mqtt.tls.certFile']],
    ['a key without its certificate', ['mqtt.tls.keyFile=/k.pem'], ['mqtt.tls.keyFile']],
    ['the file driver without a path', ['camera.driver=file'], ['camera.driver']],
    ['the test device under another driver', ['camera.driver=test', 'camera.device=TEST'], ['camera.device']],
    ['payloads that no MQTT packet holds', ['image.maxPayloadBytes=268435456'], ['image.maxPayloadBytes']],
    ['payloads too small for any picture', ['image.maxPayloadBytes=999'], ['image.maxPayloadBytes']],
    [
      'a trigger filter on the request topic and the response topic',
      ['topics.trigger=device/image/+'],
      ['topics.trigger', 'topics.trigger'],
    ],
    ['a trigger filter on the status topic', ['topics.trigger=device/pi-1/status'], ['topics.trigger']],
    ['trigger filters that overlap in part', ['topics.trigger=a/+/c,+/b/c'], ['topics.trigger']],
    ['trigger filters that share an end', ['topics.trigger=a/b,a/+/#,+/c/d'], ['topics.trigger']],
    ['a result that is a trigger', ['topics.trigger=a/+', 'topics.response=a/b'], ['topics.trigger']],
    ['a pause that is a trigger', ['topics.trigger=+/pause', 'topics.pause=a/pause'], ['topics.trigger']],
    [
      'a response filter on the outcome topic',
      ['topics.response=device/+/image/outcome'],
      ['topics.response'],
    ],
    [
      'a request topic under the response filter',
      ['topics.request=device/image/response'],
      ['topics.request'],
    ],
    ['MQTT 3.1 on AWS', aws('mqtt.protocol=3'), ['mqtt.protocol']],
    ['QoS 2 on AWS', aws('mqtt.qos=2'), ['mqtt.qos']],
    ['128 KiB and a byte on AWS', aws('image.maxPayloadBytes=131073'), ['image.maxPayloadBytes']],
    ['a short keep alive on AWS', aws('mqtt.keepaliveSeconds=29'), ['mqtt.keepaliveSeconds']],
    ['a long keep alive on AWS', aws('mqtt.keepaliveSeconds=1201'), ['mqtt.keepaliveSeconds']],
    [
      'a client id that leaves no room for commands on AWS',
      aws(`mqtt.clientId=${'x'.repeat(118)}`),
      ['mqtt.clientId'],
    ],
    [
      'an expanded client id that is too long on AWS',
      aws(`mqtt.clientId={deviceId}${'x'.repeat(114)}`),
      ['mqtt.clientId'],
    ],
    ['a topic of eight slashes on AWS', aws('topics.request=a/b/c/d/e/f/g/h/i'), ['topics.request']],
    ['a topic of 257 bytes on AWS', aws(`topics.status=${'x'.repeat(257)}`), ['topics.status']],
    ['QoS 2 through Greengrass', greengrass('mqtt.qos=2'), ['mqtt.qos']],
    [
      '128 KiB and a byte through Greengrass',
      greengrass('image.maxPayloadBytes=131073'),
      ['image.maxPayloadBytes'],
    ],
    [
      'a topic of eight slashes through Greengrass, once, on AWS as well',
      ['mqtt.broker=aws', ...greengrass('topics.request=a/b/c/d/e/f/g/h/i')],
      ['topics.request'],
    ],
    [
      'a topic of 257 bytes through Greengrass',
      greengrass(`topics.pause=${'x'.repeat(257)}`),
      ['topics.pause'],
    ],
    ['a long session on AWS', aws('mqtt.sessionExpirySeconds=3601'), ['mqtt.sessionExpirySeconds']],
  ];
  for (const [what, settings, keys] of broken) {
    it(what, async () => {
      assert.deepEqual(await problemKeys(settings), keys);
    });
  }

  it('no consequence of a value that is refused already', async () => {
    assert.deepEqual(await problemKeys(['image.minQuality=x', 'image.maxQuality=30']), ['image.minQuality']);
  });
});

describe('loadConfig() accepts', () => {
  const fine: readonly (readonly string[])[] = [
    [],
    ['camera.driver=file', 'camera.path=/srv/pictures'],
    ['camera.driver=test'],
    ['camera.driver=url', 'camera.url=http://camera/snapshot.jpg'],
    ['camera.controls={"brightness":1}'],
    ['camera.device=TEST'],
    ['topics.trigger=a/+/c,a/b/c,x/#,x/y'],
    ['mqtt.tls.certFile=/c.pem', 'mqtt.tls.keyFile=/k.pem', 'mqtt.url=mqtts://a'],
    ['topics.outcome=', 'topics.response=device/pi-1/image/outcome'],
    aws('image.maxPayloadBytes=131072'),
    greengrass(),
    greengrass('image.maxPayloadBytes=131072', 'mqtt.qos=0', 'mqtt.keepaliveSeconds=5'),
    aws(`mqtt.clientId={deviceId}${'x'.repeat(113)}`),
    aws('topics.request=$aws/rules/classify/a/b/c/d/e/f/g/h'),
  ];
  for (const settings of fine) {
    it(settings.join(' ') || 'the defaults', async () => {
      assert.deepEqual(await problemKeys(settings), []);
    });
  }

  const warned: readonly [readonly string[], number][] = [
    [['mqtt.url=mqtt://broker', 'mqtt.username=me'], 1],
    [['mqtt.url=ws://broker', 'mqtt.username=me'], 1],
    [['mqtt.url=mqtt://broker', 'mqtt.tls.caFile=/ca.pem'], 1],
    [['mqtt.url=mqtt://127.0.0.1', 'mqtt.username=me'], 0],
    [['mqtt.url=mqtt://[::1]', 'mqtt.username=me'], 0],
    [['mqtt.url=mqtts://broker', 'mqtt.username=me'], 0],
    [['payload.format=dlstreamer', 'payload.metadata=false'], 1],
    [['payload.format=dlstreamer'], 0],
    [['payload.metadata=false'], 0],
    [greengrass(), 0],
    [greengrass('mqtt.retain=false'), 0],
    [greengrass('mqtt.retain=true'), 1],
    [greengrass('mqtt.url=mqtts://a', 'mqtt.tls.caFile=/ca.pem', 'mqtt.proxyUrl=http://p:1'), 1],
    [greengrass('payload.format=raw'), 1],
  ];
  for (const [settings, count] of warned) {
    it(`${settings.join(' ')} with ${String(count)} warnings`, async () => {
      const outcome = await load(settings);
      assert.equal(outcome.kind === 'loaded' && outcome.warnings.length, count);
    });
  }
});

describe('brokerAddress()', () => {
  const addresses: readonly [string, string, number, string][] = [
    ['mqtt://a', 'a', 1883, '/'],
    ['mqtts://a', 'a', 8883, '/'],
    ['ws://a/mqtt', 'a', 80, '/mqtt'],
    ['wss://a', 'a', 443, '/'],
    ['mqtt://[::1]:5', '::1', 5, '/'],
  ];
  for (const [url, host, port, path] of addresses) {
    it(`finds host ${host} and port ${String(port)} in ${url}`, () => {
      const address = brokerAddress(url);
      assert.deepEqual([address?.host, address?.port, address?.path], [host, port, path]);
    });
  }
});
