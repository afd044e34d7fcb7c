// What the tests of this folder share: messages as they come from the broker, and triggers as admission makes them.
import type { IncomingMessage, Trigger } from '../../src/domain.ts';

export function messageOf(
  payload: string | Uint8Array | object,
  more: Partial<IncomingMessage> = {},
): IncomingMessage {
  const text =
    typeof payload === 'string' || payload instanceof Uint8Array ? payload : JSON.stringify(payload);
  return {
    topic: 'device/image/trigger',
    payload: Buffer.from(text),
    retained: false,
    duplicate: false,
    ...more,
  };
}

export function triggerOf(triggerId: string): Trigger {
  return { triggerId, source: 'mqtt', receivedAtMs: 0 };
}
