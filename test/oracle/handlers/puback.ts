// PUBACK: the client has what it was sent at QoS 1.
import type { IPubackPacket } from 'mqtt-packet';
import type { Session } from '../broker.ts';

export function handlePuback(session: Session, { messageId }: IPubackPacket): void {
  if (messageId !== undefined) session.unacknowledged.delete(messageId);
}
