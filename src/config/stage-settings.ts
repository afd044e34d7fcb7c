// The options of each stage, taken from the configuration; a stage never sees the whole of it.
import { PUBLISHED } from './own-topics.ts';
import type { Config } from './schema.ts';
import { filterCovers, filterMatches } from './topics.ts';

// AWS IoT Core takes mutual TLS on port 443 only with this protocol name ("Protocols" in its developer guide).
const AWS_ALPN = 'x-amzn-mqtt-ca';
// "Publish requests per second per connection" and "Throughput per second per connection" of its quotas.
const AWS_RATE_LIMITS = Object.freeze({ messagesPerSecond: 100, bytesPerSecond: 512 * 1024 });

export function brokerSettings(config: Config) {
  const { url, clientId, username, passwordFile, proxyUrl, protocol, tls, ...mqtt } = config.mqtt;
  const awsOn443 = mqtt.broker === 'aws' && new URL(url).port === '443';
  return {
    url,
    clientId,
    protocol,
    ...present({ username, passwordFile, proxyUrl }),
    tls: { ...present(tls), ...(awsOn443 ? { alpn: [AWS_ALPN] } : {}) },
    keepaliveSeconds: mqtt.keepaliveSeconds,
    sessionExpirySeconds: mqtt.sessionExpirySeconds,
    connectTimeoutSeconds: mqtt.connectTimeoutSeconds,
    ackTimeoutSeconds: mqtt.ackTimeoutSeconds,
    // AWS IoT Core answers what a policy does not allow by closing; of requests each is judged for itself.
    ...(mqtt.broker === 'aws' ? { refusesByClosing: { requestTopic: config.topics.request } } : {}),
  };
}

/** Of the link through the nucleus, which has the connection and its settings. */
export function greengrassSettings({ mqtt }: Config) {
  const { connectTimeoutSeconds, ackTimeoutSeconds } = mqtt;
  return { connectTimeoutSeconds, ackTimeoutSeconds };
}

/** For people: where this device connects to. */
export function brokerName({ mqtt }: Config): string {
  return mqtt.transport === 'greengrass' ? 'greengrass' : mqtt.url;
}

/**
 * What all publishes of a connection together keep within; `rateLimits` is absent where the broker has no such limit. The
 * nucleus sends no faster, and refuses what its spooler cannot hold.
 */
export function publishLimits({ mqtt }: Config) {
  return mqtt.broker === 'aws' || mqtt.transport === 'greengrass' ? { rateLimits: AWS_RATE_LIMITS } : {};
}

export function cameraSettings(config: Config) {
  const { driver, device, widthPx, heightPx, skipFrames, timeoutSeconds, onSuspect } = config.camera;
  const { keepWarmSeconds, controls, url, path } = config.camera;
  return {
    ...{ driver, device, widthPx, heightPx, skipFrames, timeoutSeconds, keepWarmSeconds, onSuspect },
    ...present({ url, path }),
    ...(Object.keys(controls).length === 0 ? {} : { controls }),
  };
}

/** `throttled`: power or heat hold the machine back. */
export function fitSettings(config: Config, host: { readonly throttled: boolean } = { throttled: false }) {
  const { minWidthPx, minQuality, maxQuality, greyscale, crop, whenThrottled } = config.image;
  const { rotateDegrees, flip } = config.camera;
  const { encoder, maxWidthPx } =
    host.throttled && whenThrottled === 'smaller' ? smallerFit(config) : config.image;
  return {
    ...{ maxWidthPx, minWidthPx, minQuality, maxQuality, encoder, greyscale, rotateDegrees, flip },
    deviceId: config.device.id,
    ...present({ crop }),
  };
}

function smallerFit({ image, camera }: Config) {
  const fullPx = image.maxWidthPx === 0 ? camera.widthPx : image.maxWidthPx;
  return { encoder: 'fast', maxWidthPx: Math.max(image.minWidthPx, Math.floor(fullPx / 2)) } as const;
}

export function payloadSettings(config: Config) {
  const { format, metadata, publishFrame } = config.payload;
  return { deviceId: config.device.id, format, metadata, publishFrame };
}

export function requestAddress(config: Config) {
  const { topics, mqtt, outbox } = config;
  return {
    topic: topics.request,
    qos: mqtt.qos,
    responseTopic: topics.response,
    maxAgeSeconds: outbox.maxAgeSeconds,
  };
}

/** Topic filters of this device's subscriptions, and what a message on a topic is for: a pause before all else. */
export function subscriptions(config: Config) {
  const { trigger, response, pause } = config.topics;
  // The pause first: what the broker stores of it comes before the retained triggers, where those are accepted.
  const filters = withoutCovered([pause, ...trigger, response]);
  const published = new Set(Object.values(PUBLISHED).flatMap((topicsOf) => topicsOf(config)));
  return {
    filters,
    isPause: (topic: string) => filterMatches(pause, topic),
    isTrigger: (topic: string) => trigger.some((filter) => filterMatches(filter, topic)),
    isResult: (topic: string) => filterMatches(response, topic),
    /** Where a trigger's sender may have its answer; AWS IoT policies give a device only topics of its own. */
    replyPolicy: {
      subscribed: (topic: string) => filters.some((filter) => filterMatches(filter, topic)),
      published: (topic: string) => published.has(topic),
      ...(config.mqtt.broker === 'aws' ? { prefix: `device/${config.device.id}/`, ...AWS_REPLY_LIMITS } : {}),
    },
  };
}

/** Most brokers deliver a message once for each filter that matches it. */
function withoutCovered(filters: readonly string[]): readonly string[] {
  return [...new Set(filters)].filter(
    (filter, at, all) => !all.some((other, otherAt) => otherAt !== at && filterCovers(other, filter)),
  );
}

// "AWS IoT Core endpoints and quotas", as aws-limits.ts checks them for the configured topics.
const AWS_REPLY_LIMITS = { topicBytesMax: 256, topicSlashesMax: 7 };

type Present<T> = { [K in keyof T as null extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as null extends T[K] ? K : never]?: NonNullable<T[K]>;
};

/** Leaves out what is unset, so that a stage's optional option is absent. */
function present<T extends object>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as Present<T>;
}
