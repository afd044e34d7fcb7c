// CONNECT: lets a client in or refuses it, takes over from an older connection, gives back its session.
import type { IConnackPacket, IConnectPacket } from 'mqtt-packet';
import { AWS_CONNACK, awsClosesOnConnect } from '../aws-rules.ts';
import type { Broker, Peer, Session } from '../broker.ts';
import type { Modes } from '../modes.ts';
import { resend } from '../routing.ts';

const TAKEN_OVER = 142;

export function handleConnect(broker: Broker, peer: Peer, packet: IConnectPacket): void {
  const { modes } = broker;
  const version = packet.protocolVersion ?? 4;
  const { connection } = peer;
  const clientId = packet.clientId === '' ? `unnamed-${connection}` : packet.clientId; // [MQTT-3.1.3-6]
  broker.journal.write({
    kind: 'connect',
    clientId,
    version,
    time: broker.clock.now().toISOString(),
    connection,
  });
  if (modes.noConnack) return;
  if (awsClosesOnConnect(modes, clientId)) {
    peer.reset();
    return;
  }
  const old = broker.sessions.get(clientId);
  const session = sessionFor({ ...packet, clientId }, modes.forgetSessions ? undefined : old);
  peer.introduce(version, session);
  const sessionPresent = session === old;
  if (modes.connackCode !== 0) {
    peer.send(connack(modes, version, { code: modes.connackCode, sessionPresent: false }));
    peer.end();
    return;
  }
  const older = old?.peer;
  session.peer = peer;
  session.will = packet.will;
  broker.sessions.set(clientId, session);
  if (older !== peer) older?.end(TAKEN_OVER); // [MQTT-3.1.4-3]
  const assigned = packet.clientId === '' ? { assignedClientIdentifier: clientId } : {};
  peer.send(connack(modes, version, { code: 0, sessionPresent, ...assigned }));
  if (sessionPresent) resend(session);
}

/** The old one where it is to go on. */
function sessionFor(packet: IConnectPacket, old: Session | undefined): Session {
  if (packet.clean === false && old?.kept === true) return old;
  const expirySeconds = packet.properties?.sessionExpiryInterval ?? 0;
  return {
    clientId: packet.clientId,
    subscriptions: new Map(),
    unacknowledged: new Map(),
    received: new Set(),
    kept: packet.protocolVersion === 5 ? expirySeconds > 0 : packet.clean === false,
    lastPacketId: 0,
    unanswered: 0,
    will: undefined,
    peer: undefined,
  };
}

function connack(
  modes: Modes,
  version: number,
  answer: {
    readonly code: number;
    readonly sessionPresent: boolean;
    readonly assignedClientIdentifier?: string;
  },
): IConnackPacket {
  const { code, sessionPresent, ...assigned } = answer;
  if (version !== 5) return { cmd: 'connack', returnCode: code, sessionPresent };
  const { receiveMaximum, maximumPacketSize } = modes;
  const properties = {
    ...assigned,
    ...(modes.aws ? AWS_CONNACK : {}),
    ...(receiveMaximum > 0 ? { receiveMaximum } : {}),
    ...(maximumPacketSize > 0 ? { maximumPacketSize } : {}),
  };
  return { cmd: 'connack', reasonCode: code, sessionPresent, properties };
}
