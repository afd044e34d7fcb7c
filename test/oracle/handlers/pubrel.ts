// PUBREL: the end of an exchange at QoS 2; the message itself went its way at PUBLISH.
import type { IPubrelPacket } from 'mqtt-packet';
import type { Peer, Session } from '../broker.ts';

export function handlePubrel(
  { peer, session }: { readonly peer: Peer; readonly session: Session },
  { messageId = 0 }: IPubrelPacket,
): void {
  session.received.delete(messageId);
  peer.send({ cmd: 'pubcomp', messageId });
}
