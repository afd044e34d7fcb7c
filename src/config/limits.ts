// What has to hold between keys, as a table: MQTT's limits, AWS IoT Core's, and what one key needs of another.
import { brokerAddress, isLoopback } from './broker-url.ts';
import type { Rule } from './rule.ts';
import type { Config } from './schema.ts';
import { withDeviceId } from './topics.ts';
import { AWS_LIMITS, GREENGRASS_LIMITS } from './aws-limits.ts';
import { ownTopicRules } from './own-topics.ts';

export const LIMITS: readonly Rule[] = [
  {
    keys: ['image.minQuality', 'image.maxQuality'],
    broken: ({ image }) => image.minQuality > image.maxQuality,
    allowed: 'image.minQuality at most image.maxQuality',
  },
  {
    keys: ['image.maxWidthPx', 'image.minWidthPx'],
    broken: ({ image }) => image.maxWidthPx !== 0 && image.maxWidthPx < image.minWidthPx,
    allowed: 'image.maxWidthPx 0 or at least image.minWidthPx',
  },
  {
    keys: ['mqtt.reconnect.baseSeconds', 'mqtt.reconnect.maxSeconds'],
    broken: ({ mqtt }) => mqtt.reconnect.baseSeconds > mqtt.reconnect.maxSeconds,
    allowed: 'mqtt.reconnect.baseSeconds at most mqtt.reconnect.maxSeconds',
  },
  {
    keys: ['mqtt.tls.certFile', 'mqtt.tls.keyFile'],
    broken: ({ mqtt }) => (mqtt.tls.certFile === null) !== (mqtt.tls.keyFile === null),
    allowed: 'both or neither',
  },
  {
    keys: ['camera.driver', 'camera.path'],
    broken: ({ camera }) => camera.driver === 'file' && camera.path === null,
    allowed: 'driver file with camera.path set',
  },
  {
    keys: ['camera.driver', 'camera.url'],
    broken: ({ camera }) => camera.driver === 'url' && camera.url === null,
    allowed: 'driver url with camera.url set',
  },
  {
    keys: ['camera.device', 'camera.driver'],
    broken: ({ camera }) => camera.device === 'TEST' && camera.driver !== 'node-webcam',
    allowed: 'device TEST with driver node-webcam only',
  },
  {
    keys: ['payload.publishFrame', 'payload.metadata'],
    broken: ({ payload }) => payload.format !== 'dlstreamer' && !payload.publishFrame && !payload.metadata,
    allowed: 'one of the two, or nothing is left to publish',
  },
  ...ownTopicRules(),
  ...AWS_LIMITS,
  ...GREENGRASS_LIMITS,
];

/** `config` with the device's name in its topics and its client id. */
export function expanded(config: Config): Config {
  const { device, mqtt, topics, results } = config;
  const named = (text: string): string => withDeviceId(text, device.id);
  return {
    ...config,
    mqtt: { ...mqtt, clientId: named(mqtt.clientId) },
    topics: {
      trigger: topics.trigger.map(named),
      request: named(topics.request),
      response: named(topics.response),
      status: named(topics.status),
      outcome: named(topics.outcome),
      pause: named(topics.pause),
    },
    results: {
      ...results,
      actions: results.actions.map((action) => ({ ...action, publish: named(action.publish) })),
    },
  };
}

/** What works and is unwise. */
export function configWarnings({ mqtt, payload }: Config): readonly string[] {
  return [...unencrypted(mqtt), ...lostMetadata(mqtt, payload), ...keptMetadata(payload)];
}

/** User properties came with MQTT 5. */
function lostMetadata(
  { protocol, transport }: Config['mqtt'],
  payload: Config['payload'],
): readonly string[] {
  const { format, metadata, publishFrame } = payload;
  if (format !== 'raw' || !metadata || !publishFrame) return [];
  if (transport === 'greengrass')
    return [
      'payload.format is raw and mqtt.transport greengrass: the metadata is not sent, use payload.format json',
    ];
  if (protocol === 'auto' || protocol === 5) return [];
  return [
    `payload.format is raw and mqtt.protocol ${protocol}: the metadata is not sent, use mqtt.protocol 5 or payload.format json`,
  ];
}

/** What DL Streamer's subscribers read is an array whose first half is the metadata. */
function keptMetadata({ format, metadata }: Config['payload']): readonly string[] {
  if (format !== 'dlstreamer' || metadata) return [];
  return [
    'payload.format is dlstreamer and payload.metadata false: the metadata is sent all the same, it is part of that ' +
      'format; use payload.format json or raw without it',
  ];
}

function unencrypted(mqtt: Config['mqtt']): readonly string[] {
  const address = brokerAddress(mqtt.url);
  if (address === undefined || address.scheme === 'mqtts' || address.scheme === 'wss') return [];
  const warnings: string[] = [];
  if (mqtt.username !== null && !isLoopback(address.host)) {
    warnings.push(
      `mqtt.url is ${mqtt.url}: user name and password cross the network unencrypted, use mqtts or wss`,
    );
  }
  if (Object.values(mqtt.tls).some((value) => value !== null)) {
    warnings.push(`mqtt.url is ${mqtt.url}: the keys of mqtt.tls have no effect without mqtts or wss`);
  }
  return warnings;
}
