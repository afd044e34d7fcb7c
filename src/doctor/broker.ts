// The way to the broker in steps, as far as it goes, and what the broker grants; it publishes nothing and takes no place.
import type { Config } from '../config/schema.ts';
import { brokerSettings, subscriptions } from '../config/stage-settings.ts';
import { filterMatches } from '../config/topics.ts';
import { walkToBroker, type Walk } from '../mqtt/walk.ts';
import type { StepName } from '../mqtt/walk-notes.ts';
import { findingsOf, type Finding } from './finding.ts';
import type { Surroundings } from './surroundings.ts';

const { ok, warn, fail } = findingsOf('broker');

// The daemon waits longer; a person wants an answer.
const CONNECT_SECONDS_MAX = 8;
const ACK_SECONDS_MAX = 4;

/** As a command connects: under an id of its own, a clean session, no will. Never rejects. */
export function goToBroker(
  config: Config,
  { clock, machine, random, run, searchPath, signal }: Surroundings,
  clockSynchronised: boolean,
): Promise<Walk> {
  const settings = brokerSettings(config);
  const { filters } = subscriptions(config);
  // AWS IoT Core answers a topic that no policy allows by closing, and a device has no need to read its own status.
  const mayPeek = config.mqtt.broker !== 'aws';
  return walkToBroker(
    {
      ...settings,
      clientId: `${config.mqtt.clientId}-cli-${random.uuid().slice(0, 6)}`,
      sessionExpirySeconds: 0,
      connectTimeoutSeconds: Math.min(settings.connectTimeoutSeconds, CONNECT_SECONDS_MAX),
      ackTimeoutSeconds: Math.min(settings.ackTimeoutSeconds, ACK_SECONDS_MAX),
      filters,
    },
    {
      ...{ clock, run, searchPath, reader: machine, clockSynchronised: () => clockSynchronised },
      ...(mayPeek ? { peek: config.topics.status } : {}),
    },
    signal,
  );
}

export function judgeWalk(walk: Walk, config: Config): readonly Finding[] {
  const { steps, stopped, refused } = walk;
  return [
    ...steps.map(({ step, ms, detail }) => ok(`${STEPS[step]}: ${detail} (${String(ms)} ms)`)),
    ...(stopped === undefined
      ? []
      : [fail(`${STEPS[stopped.at]}: ${stopped.problem.detail}`, stopped.problem.remedy)]),
    ...refused.map(({ filter, problem }) =>
      fail(`SUBACK: ${named(filter, problem.detail)}`, remedyOf(filter, problem.remedy, config)),
    ),
    ...pause(walk, config),
    ...limits(walk, config),
    ...addressee(config),
  ];
}

const STEPS: Readonly<Record<StepName, string>> = Object.freeze({
  name: 'DNS',
  files: 'files',
  tcp: 'TCP',
  proxy: 'proxy',
  tls: 'TLS',
  webSocket: 'WebSocket',
  connack: 'CONNACK',
  suback: 'SUBACK',
});

function named(filter: string, detail: string): string {
  return detail.includes(filter) ? detail : `${filter}: ${detail}`;
}

function remedyOf(filter: string, remedy: string, { mqtt }: Config): string {
  return mqtt.broker === 'aws'
    ? `allow iot:Subscribe on topicfilter/${filter} and iot:Receive there (shutterd policy prints the whole policy)`
    : remedy;
}

/** The daemon takes no picture then, and answers each trigger `ignored: paused`. */
function pause({ stored }: Walk, { topics }: Config): readonly Finding[] {
  const [found] = [...stored].filter(([topic]) => filterMatches(topics.pause, topic));
  if (found === undefined || Buffer.from(found[1]).toString('utf8').trim().toLowerCase() !== 'on') return [];
  const [topic] = found;
  return [
    warn(
      `the device is paused: ${topic} holds "on", and every trigger is ignored`,
      `publish a retained "off" there: mosquitto_pub -t ${topic} -r -m off`,
    ),
  ];
}

// What an MQTT PUBLISH of a request has beside its payload: topic, properties, heads.
const OVERHEAD_BYTES = 1024;

function limits({ maximumPacketBytes }: Walk, { mqtt, image }: Config): readonly Finding[] {
  const { maxPayloadBytes } = image;
  if (maximumPacketBytes !== undefined && maximumPacketBytes < maxPayloadBytes + OVERHEAD_BYTES) {
    return [
      fail(
        `the broker takes packets of ${String(maximumPacketBytes)} bytes, requests may have ${String(maxPayloadBytes)} and their head`,
        `lower image.maxPayloadBytes to ${String(Math.max(maximumPacketBytes - OVERHEAD_BYTES, 0))}, or raise max_packet_size in the broker`,
      ),
    ];
  }
  return mqtt.broker === 'aws'
    ? [ok('limits: client id, topics, QoS, keep-alive and payload are within those of AWS IoT Core')]
    : [];
}

function addressee({ mqtt }: Config): readonly Finding[] {
  const isAws = /\.iot\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/.test(new URL(mqtt.url).hostname);
  return isAws && mqtt.broker !== 'aws'
    ? [warn('mqtt.url is an endpoint of AWS IoT Core, and mqtt.broker is generic', 'set mqtt.broker: aws')]
    : [];
}
