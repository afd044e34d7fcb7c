// AWS IoT Core's limits as rules ("AWS IoT Core endpoints and quotas", message broker section): of a connection to it, and of
// what the Greengrass nucleus passes on (IotCoreTopicValidator and MqttClient there). It checks nothing else.
import { PUBLISHED, SUBSCRIBED } from './own-topics.ts';
import type { Rule } from './rule.ts';
import type { Config } from './schema.ts';

const TOPIC_BYTES_MAX = 256;
const TOPIC_SLASHES_MAX = 7;
// AWS takes 128; a command connects beside the daemon as `{clientId}-cli-` and 6 hex digits, and has to fit as well.
const CLIENT_ID_BYTES_MAX = 128 - '-cli-'.length - 6;
const PAYLOAD_BYTES_MAX = 131_072;
const SESSION_SECONDS_MAX = 3600;

interface Limit {
  readonly key: string;
  readonly allowed: string;
  readonly broken: (config: Config) => boolean;
}

/** Whoever holds the connection. */
const MESSAGES: readonly Limit[] = [
  { key: 'mqtt.qos', allowed: '0 or 1', broken: ({ mqtt }) => mqtt.qos === 2 },
  {
    key: 'image.maxPayloadBytes',
    allowed: `at most ${String(PAYLOAD_BYTES_MAX)}`,
    broken: ({ image }) => image.maxPayloadBytes > PAYLOAD_BYTES_MAX,
  },
  ...Object.entries({ ...SUBSCRIBED, ...PUBLISHED }).map(([key, topicsOf]) => ({
    key,
    allowed: 'topics of at most 256 bytes and 7 slashes',
    broken: (config: Config) => !topicsOf(config).every(isAwsTopic),
  })),
];

export const GREENGRASS_LIMITS: readonly Rule[] = MESSAGES.map(({ key, allowed, broken }) => ({
  keys: [key, 'mqtt.transport'],
  // With broker aws as well, that rule says the same.
  broken: (config) =>
    config.mqtt.transport === 'greengrass' && config.mqtt.broker !== 'aws' && broken(config),
  allowed: `${allowed} through the Greengrass nucleus`,
}));

export const AWS_LIMITS: readonly Rule[] = [
  ...MESSAGES.map(({ key, allowed, broken }) => aws(key, allowed, broken)),
  aws('mqtt.protocol', 'auto, 4 or 5', ({ mqtt }) => mqtt.protocol === 3),
  aws(
    'mqtt.keepaliveSeconds',
    '30 to 1200',
    ({ mqtt }) => mqtt.keepaliveSeconds < 30 || mqtt.keepaliveSeconds > 1200,
  ),
  aws(
    'mqtt.clientId',
    `at most ${String(CLIENT_ID_BYTES_MAX)} bytes (128 with the "-cli-" and 6 digits that commands add)`,
    ({ mqtt }) => Buffer.byteLength(mqtt.clientId) > CLIENT_ID_BYTES_MAX,
  ),
  aws(
    'mqtt.sessionExpirySeconds',
    `at most ${String(SESSION_SECONDS_MAX)}`,
    ({ mqtt }) => mqtt.sessionExpirySeconds > SESSION_SECONDS_MAX,
  ),
];

function aws(key: string, allowed: string, broken: (config: Config) => boolean): Rule {
  return {
    keys: [key, 'mqtt.broker'],
    broken: (config) => config.mqtt.broker === 'aws' && broken(config),
    allowed: `${allowed} on AWS IoT Core`,
  };
}

// `$aws/rules/NAME/` (Basic Ingest) and `$share/NAME/` do not count towards either limit.
function isAwsTopic(topic: string): boolean {
  const counted = topic.replace(/^\$(?:aws\/rules|share)\/[^/]+\//i, '');
  return Buffer.byteLength(counted) <= TOPIC_BYTES_MAX && counted.split('/').length - 1 <= TOPIC_SLASHES_MAX;
}
