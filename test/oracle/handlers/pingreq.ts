// PINGREQ: the client asks whether anybody is there.
import type { Broker, Peer } from '../broker.ts';

export function handlePingreq({ modes }: Broker, peer: Peer): void {
  if (!modes.noPingresp) peer.send({ cmd: 'pingresp' });
}
