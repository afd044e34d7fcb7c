// PUBLISH: a request is in the journal, on disk, before anything is answered; then the message goes to its subscribers.
import type { IPublishPacket } from 'mqtt-packet';
import { createHash } from 'node:crypto';
import { acknowledge } from '../acknowledge.ts';
import { awsClosesOnPublish } from '../aws-rules.ts';
import type { Broker, Peer, Session } from '../broker.ts';
import type { Modes } from '../modes.ts';
import { route } from '../routing.ts';

export interface Publisher {
  readonly broker: Broker;
  readonly peer: Peer;
  readonly session: Session;
}

const RECEIVE_MAXIMUM_EXCEEDED = 147;
const PACKET_TOO_LARGE = 149;
const REFUSED_FROM = 128;

export function handlePublish(publisher: Publisher, packet: IPublishPacket): void {
  const { broker, peer, session } = publisher;
  const { modes } = broker;
  const isRequest = packet.topic === broker.requestTopic;
  if (modes.maximumPacketSize > 0 && (packet.length ?? 0) > modes.maximumPacketSize) {
    peer.end(PACKET_TOO_LARGE);
    return;
  }
  if (modes.receiveMaximum > 0 && isRequest && session.unanswered >= modes.receiveMaximum) {
    peer.end(RECEIVE_MAXIMUM_EXCEEDED);
    return;
  }
  if (awsClosesOnPublish(modes, packet)) {
    peer.reset();
    return;
  }
  const tooLarge = modes.closeOverBytes > 0 && packet.payload.length > modes.closeOverBytes;
  if (tooLarge || packet.topic === modes.closeOnTopic) {
    peer.end();
    return;
  }
  const pubackReasonCode = isMeant(modes, packet) ? modes.pubackReasonCode : 0;
  const isRefused = isRequest && pubackReasonCode >= REFUSED_FROM;
  if (!isRefused && isFirst(session, packet)) take(publisher, packet, isRequest);
  if (!isRequest) acknowledge(publisher, packet, HEALTHY_ANSWER);
  else if (modes.closeBeforePubackOf === broker.nextRequest()) peer.reset();
  else acknowledge(publisher, packet, { ...modes, pubackReasonCode });
}

function isMeant({ pubackReasonCodeFor }: Modes, { payload, properties }: IPublishPacket): boolean {
  if (pubackReasonCodeFor.length === 0) return true;
  const requestId = requestIdOf(Buffer.from(payload), properties?.correlationData);
  return requestId !== null && pubackReasonCodeFor.includes(requestId);
}

const HEALTHY_ANSWER = Object.freeze({
  ...{ noPuback: false, latePubackMs: 0, wrongPuback: false, doublePuback: false, pubackReasonCode: 0 },
  closeAfterPublish: 'never',
} as const);

/** At QoS 2 the sender may repeat a packet id until PUBREL; the message is the same one. */
function isFirst({ received }: Session, { qos, messageId = 0 }: IPublishPacket): boolean {
  if (qos !== 2) return true;
  const first = !received.has(messageId);
  received.add(messageId);
  return first;
}

function take({ broker, peer }: Publisher, packet: IPublishPacket, isRequest: boolean): void {
  const payload = Buffer.from(packet.payload);
  if (isRequest) {
    broker.journal.write({
      kind: 'request',
      requestId: requestIdOf(payload, packet.properties?.correlationData),
      sha256: createHash('sha256').update(payload).digest('hex'),
      bytes: payload.length,
      time: broker.clock.now().toISOString(),
      connection: peer.connection,
      qos: packet.qos,
      dup: packet.dup,
      packetId: packet.messageId ?? null,
    });
  }
  route(broker, { ...packet, payload });
}

function requestIdOf(payload: Buffer, correlationData: Buffer | undefined): string | null {
  try {
    const parsed: unknown = JSON.parse(payload.toString('utf8'));
    if (typeof parsed === 'object' && parsed !== null && 'request_id' in parsed) {
      return String(parsed.request_id);
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error; // the payload may be the bare JPEG
  }
  return correlationData?.toString('utf8') ?? null;
}
