// Decides whether a message on a trigger topic takes a picture. A pure function: what it must remember is handed to it.
import { createHash } from 'node:crypto';
import type { IgnoreReason, IncomingMessage, Trigger } from '../domain.ts';
import { parseTrigger, type TriggerFields } from './parse-trigger.ts';
import { keptReply } from './reply-topic.ts';

export interface AdmissionPolicy {
  readonly retained: 'ignore' | 'accept';
  readonly maxAgeSeconds: number;
  readonly minIntervalSeconds: number;
}

export interface AdmissionContext {
  /** Where it is given nothing is taken, whatever else may be wrong with a trigger. */
  readonly closed: 'paused' | 'stopping' | 'busy' | undefined;
  readonly monotonicMs: number;
  readonly nowMs: number;
  /** Times in a trigger mean something only against a synchronised clock. */
  readonly clockSynchronised: boolean;
  /** Monotonic; absent before the first. */
  readonly lastAdmittedMs?: number;
  /** An id for a sender that gave none. */
  readonly freshId: string;
  readonly seenBefore: (key: string) => boolean;
}

export type Admission =
  /** `key` is what `seenBefore` has to know from now on. */
  | { readonly kind: 'admitted'; readonly trigger: Trigger; readonly key: string }
  | {
      readonly kind: 'ignored';
      readonly reason: IgnoreReason;
      readonly triggerId: string;
      readonly detail?: string;
    };

export function admitTrigger(
  message: IncomingMessage,
  policy: AdmissionPolicy,
  context: AdmissionContext,
): Admission {
  const parsed = parseTrigger(message.payload);
  const { requestId } = parsed.kind === 'parsed' ? parsed.fields : parsed;
  const triggerId = requestId ?? context.freshId;
  if (context.closed !== undefined) return { kind: 'ignored', reason: context.closed, triggerId };
  if (parsed.kind === 'malformed')
    return { kind: 'ignored', reason: 'malformed', triggerId, detail: parsed.detail };
  const { fields } = parsed;
  const key = deliveryKey(message, fields);
  const reason = refusal(message, policy, { ...context, fields, key });
  if (reason !== undefined) return { kind: 'ignored', reason, triggerId };
  return { kind: 'admitted', trigger: toTrigger(message, fields, { triggerId, ...context }), key };
}

function refusal(
  message: IncomingMessage,
  policy: AdmissionPolicy,
  context: AdmissionContext & { fields: TriggerFields; key: string },
): IgnoreReason | undefined {
  // A retained trigger would fire again at every start and reconnection.
  if (message.retained && policy.retained === 'ignore') return 'retained';
  if (mayRepeat(message, context.fields) && context.seenBefore(context.key)) return 'duplicate';
  if (context.clockSynchronised && isExpired(context.fields, policy.maxAgeSeconds, context.nowMs))
    return 'expired';
  const sinceLastMs = context.monotonicMs - (context.lastAdmittedMs ?? Number.NEGATIVE_INFINITY);
  return sinceLastMs < policy.minIntervalSeconds * 1000 ? 'tooSoon' : undefined;
}

/** A time in the future is the sender's wrong clock, and no reason to refuse it. */
function isExpired(fields: TriggerFields, maxAgeSeconds: number, nowMs: number): boolean {
  if (fields.expiresAtMs !== undefined && nowMs > fields.expiresAtMs) return true;
  return fields.sentAtMs !== undefined && nowMs - fields.sentAtMs > maxAgeSeconds * 1000;
}

/** Without a sender's id only a redelivery (DUP flag) repeats: two plain messages a second apart are two wishes. */
function mayRepeat(message: IncomingMessage, fields: TriggerFields): boolean {
  return fields.requestId !== undefined || message.duplicate;
}

const HASH_BYTES = 32;

/** What makes two deliveries the same trigger: the sender's id, else topic and payload, as short as any payload. */
function deliveryKey(message: IncomingMessage, fields: TriggerFields): string {
  if (fields.requestId !== undefined) return `id:${fields.requestId}`;
  const { payload, topic } = message;
  // A hash for each message of a flood would cost more than all the rest of its admission.
  if (payload.length <= HASH_BYTES) return `content:${Buffer.from(payload).toString('base64')}:${topic}`;
  return `hash:${createHash('sha256').update(payload).digest('base64')}:${topic}`;
}

function toTrigger(
  message: IncomingMessage,
  fields: TriggerFields,
  context: { triggerId: string; monotonicMs: number },
): Trigger {
  return {
    triggerId: context.triggerId,
    source: 'mqtt',
    receivedAtMs: context.monotonicMs,
    ...(fields.maxWidthPx === undefined ? {} : { maxWidthPx: fields.maxWidthPx }),
    ...(fields.maxQuality === undefined ? {} : { maxQuality: fields.maxQuality }),
    ...keptReply(message.reply),
  };
}
