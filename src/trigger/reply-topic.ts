// Whether the response topic that a trigger names may be published on: a sender must not make us talk to anybody.
import type { ReplyAddress } from '../domain.ts';

export interface ReplyPolicy {
  /** Topics we listen to ourselves: an answer there would come back as a trigger or a result. */
  readonly subscribed: (topic: string) => boolean;
  /** Topics we publish on ourselves: nobody may put an answer among our requests or in the place of our status. */
  readonly published: (topic: string) => boolean;
  /** Only below this prefix, where one is given. */
  readonly prefix?: string;
  /** What the broker takes, where that is less than the specification allows. */
  readonly topicBytesMax?: number;
  readonly topicSlashesMax?: number;
}

const TOPIC_BYTES_MAX = 1024; // the specification allows 65,535; nobody's inbox has such a name
const CORRELATION_BYTES_MAX = 1024; // the same: a UUID or a counter, and a thousand of them may wait

export function mayReplyTo(policy: ReplyPolicy, topic: string): boolean {
  return (
    topic !== '' &&
    Buffer.byteLength(topic) <= (policy.topicBytesMax ?? TOPIC_BYTES_MAX) &&
    topic.split('/').length - 1 <= (policy.topicSlashesMax ?? TOPIC_BYTES_MAX) &&
    !/[$#+\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(topic) &&
    topic.startsWith(policy.prefix ?? '') &&
    !policy.subscribed(topic) &&
    !policy.published(topic)
  );
}

/**
 * A trigger's `reply` as it may wait for its answer: none where it is too long to keep, and a copy, because MQTT.js hands
 * out pieces of the whole block that it read.
 */
export function keptReply(reply: ReplyAddress | undefined): { readonly reply?: ReplyAddress } {
  if (reply === undefined || Buffer.byteLength(reply.topic) > TOPIC_BYTES_MAX) return {};
  const { topic, correlationData } = reply;
  if (correlationData === undefined) return { reply: { topic } };
  return correlationData.length > CORRELATION_BYTES_MAX
    ? {}
    : { reply: { topic, correlationData: Buffer.from(correlationData) } };
}
