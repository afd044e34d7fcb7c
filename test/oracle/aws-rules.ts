// What AWS IoT Core refuses by closing the connection without a word (its quotas page); pure rules, nothing is sent.
import type { IPublishPacket, ISubscribePacket } from 'mqtt-packet';
import type { Modes } from './modes.ts';
import { matches } from './topics.ts';

/** It answers CONNACK of MQTT 5 with these. */
export const AWS_CONNACK = Object.freeze({
  receiveMaximum: 100,
  maximumQoS: 1,
  // Larger than the largest payload it takes.
  maximumPacketSize: 149_504,
  sharedSubscriptionAvailable: true,
});

/** A connection that sends more is read more slowly. */
export const AWS_BYTES_PER_SECOND = 512 * 1024;

const CLIENT_ID_BYTES_MAX = 128;
const PAYLOAD_BYTES_MAX = 128 * 1024;
const TOPIC_BYTES_MAX = 256;
const TOPIC_SLASHES_MAX = 7;
const FILTERS_PER_SUBSCRIBE_MAX = 8;

export function awsClosesOnConnect(modes: Modes, clientId: string): boolean {
  return modes.aws && Buffer.byteLength(clientId) > CLIENT_ID_BYTES_MAX;
}

export function awsClosesOnPublish(modes: Modes, { topic, payload, qos }: IPublishPacket): boolean {
  return (
    modes.aws &&
    (qos === 2 ||
      Buffer.byteLength(payload) > PAYLOAD_BYTES_MAX ||
      tooLong(topic) ||
      !modes.awsAllowed.some((filter) => matches(filter, topic)))
  );
}

export function awsClosesOnSubscribe(modes: Modes, { subscriptions }: ISubscribePacket): boolean {
  return (
    modes.aws &&
    (subscriptions.length > FILTERS_PER_SUBSCRIBE_MAX ||
      subscriptions.some(({ topic }) => tooLong(topic) || !mayHear(modes, topic)))
  );
}

/** A policy allows a filter as it stands, or one of the patterns covers it. */
function mayHear(modes: Modes, filter: string): boolean {
  return modes.awsAllowed.some((allowed) => allowed === filter || matches(allowed, filter));
}

function tooLong(topic: string): boolean {
  return Buffer.byteLength(topic) > TOPIC_BYTES_MAX || topic.split('/').length - 1 > TOPIC_SLASHES_MAX;
}
