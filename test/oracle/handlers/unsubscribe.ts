// UNSUBSCRIBE: forgets filters and says so.
import type { IUnsubscribePacket } from 'mqtt-packet';
import type { Peer, Session } from '../broker.ts';

export function handleUnsubscribe(
  { peer, session }: { readonly peer: Peer; readonly session: Session },
  { unsubscriptions, messageId = 0 }: IUnsubscribePacket,
): void {
  const granted = unsubscriptions.map((topic) => (session.subscriptions.delete(topic) ? 0 : 17));
  peer.send({ cmd: 'unsuback', messageId, granted });
}
