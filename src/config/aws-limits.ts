// AWS IoT Core's limits as rules, for `mqtt.broker: aws` ("AWS IoT Core endpoints and quotas", message broker section).
import { PUBLISHED, SUBSCRIBED } from './own-topics.ts';
import type { Rule } from './rule.ts';
import type { Config } from './schema.ts';

const TOPIC_BYTES_MAX = 256;
const TOPIC_SLASHES_MAX = 7;
// AWS takes 128; a command connects beside the daemon as `{clientId}-cli-` and 6 hex digits, and has to fit as well.
const CLIENT_ID_BYTES_MAX = 128 - '-cli-'.length - 6;
const PAYLOAD_BYTES_MAX = 131_072;
const SESSION_SECONDS_MAX = 3600;

export const AWS_LIMITS: readonly Rule[] = [
  aws('mqtt.qos', '0 or 1', ({ mqtt }) => mqtt.qos === 2),
  aws('mqtt.protocol', 'auto, 4 or 5', ({ mqtt }) => mqtt.protocol === 3),
  aws(
    'image.maxPayloadBytes',
    `at most ${String(PAYLOAD_BYTES_MAX)}`,
    ({ image }) => image.maxPayloadBytes > PAYLOAD_BYTES_MAX,
  ),
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
  ...Object.entries({ ...SUBSCRIBED, ...PUBLISHED }).map(([key, topicsOf]) =>
    aws(key, 'topics of at most 256 bytes and 7 slashes', (config) => !topicsOf(config).every(isAwsTopic)),
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
