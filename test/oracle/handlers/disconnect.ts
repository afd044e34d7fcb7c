// DISCONNECT: the client goes of its own will, so its will message goes with it.
import type { IDisconnectPacket } from 'mqtt-packet';
import type { Peer, Session } from '../broker.ts';

const WITH_WILL = 4;

export function handleDisconnect(
  { peer, session }: { readonly peer: Peer; readonly session: Session },
  packet: IDisconnectPacket,
): void {
  if (packet.reasonCode !== WITH_WILL) session.will = undefined;
  peer.end();
}
