// What the sender of a trigger is told, as messages; it publishes nothing.
import type { OutgoingMessage, ReplyAddress, TriggerOutcome } from '../domain.ts';

export interface OutcomeSettings {
  /** Read for each outcome. Empty: no message on a topic of its own. */
  readonly topic: string;
  /** A response topic that the sender names is honoured where this says so. */
  readonly mayReplyTo: (topic: string) => boolean;
}

export function outcomeMessages(
  settings: OutcomeSettings,
  trigger: { readonly triggerId: string; readonly reply?: ReplyAddress },
  outcome: TriggerOutcome,
): readonly OutgoingMessage[] {
  const payload = Buffer.from(JSON.stringify(body(trigger.triggerId, outcome)));
  const message = (topic: string, correlationData?: Uint8Array): OutgoingMessage => ({
    topic,
    payload,
    qos: 1,
    retain: false,
    properties: {
      contentType: 'application/json',
      ...(correlationData === undefined ? {} : { correlationData }),
    },
  });
  const { reply } = trigger;
  return [
    ...(settings.topic === '' ? [] : [message(settings.topic)]),
    ...(reply !== undefined && settings.mayReplyTo(reply.topic)
      ? [message(reply.topic, reply.correlationData)]
      : []),
  ];
}

function body(triggerId: string, outcome: TriggerOutcome): Record<string, unknown> {
  const said = { trigger_id: triggerId, outcome: outcome.kind };
  switch (outcome.kind) {
    case 'accepted':
      return { ...said, request_id: outcome.requestId, bytes: outcome.bytes, queued: outcome.queued };
    case 'ignored':
      return { ...said, reason: outcome.reason };
    case 'failed': {
      const request = outcome.requestId === undefined ? {} : { request_id: outcome.requestId };
      return { ...said, ...request, reason: outcome.reason };
    }
  }
}
