// Whether the response topic that a trigger names may be published on: a sender must not make us talk to anybody.

export interface ReplyPolicy {
  /** Topics we listen to ourselves: an answer there would come back as a trigger or a result. */
  readonly subscribed: (topic: string) => boolean;
  /** Only below this prefix, where one is given. */
  readonly prefix?: string;
}

const TOPIC_BYTES_MAX = 1024; // the specification allows 65,535; nobody's inbox has such a name

export function mayReplyTo(policy: ReplyPolicy, topic: string): boolean {
  return (
    topic !== '' &&
    Buffer.byteLength(topic) <= TOPIC_BYTES_MAX &&
    !/[$#+\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(topic) &&
    topic.startsWith(policy.prefix ?? '') &&
    !policy.subscribed(topic)
  );
}
