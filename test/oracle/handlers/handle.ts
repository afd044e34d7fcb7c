// Which handler takes which packet; a packet before CONNECT, or a second CONNECT, ends the connection.
import type { Packet } from 'mqtt-packet';
import type { Broker, Peer } from '../broker.ts';
import { handleConnect } from './connect.ts';
import { handleDisconnect } from './disconnect.ts';
import { handlePingreq } from './pingreq.ts';
import { handlePuback } from './puback.ts';
import { handlePublish } from './publish.ts';
import { handlePubrel } from './pubrel.ts';
import { handleSubscribe } from './subscribe.ts';
import { handleUnsubscribe } from './unsubscribe.ts';

const PROTOCOL_ERROR = 130;

export function handlePacket(broker: Broker, peer: Peer, packet: Packet): void {
  const { session } = peer;
  if (packet.cmd === 'connect' && session === undefined) {
    handleConnect(broker, peer, packet);
    return;
  }
  if (session === undefined) {
    peer.reset(); // [MQTT-3.1.0-1]
    return;
  }
  switch (packet.cmd) {
    case 'publish':
      handlePublish({ broker, peer, session }, packet);
      return;
    case 'puback':
      handlePuback(session, packet);
      return;
    case 'pubrel':
      handlePubrel({ peer, session }, packet);
      return;
    case 'subscribe':
      handleSubscribe({ broker, peer, session }, packet);
      return;
    case 'unsubscribe':
      handleUnsubscribe({ peer, session }, packet);
      return;
    case 'pingreq':
      handlePingreq(broker, peer);
      return;
    case 'disconnect':
      handleDisconnect({ peer, session }, packet);
      return;
    case 'connect':
    case 'connack':
    case 'suback':
    case 'unsuback':
    case 'pubrec':
    case 'pubcomp':
    case 'pingresp':
    case 'auth':
      peer.end(PROTOCOL_ERROR);
  }
}
