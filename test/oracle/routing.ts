// Takes a message to those who subscribed to it, and keeps what is retained. It answers nobody.
import type { IPublishPacket, ISubscription } from 'mqtt-packet';
import type { Broker, Session } from './broker.ts';
import { matches } from './topics.ts';

const WAITING_MAX = 1000;

export function route(broker: Broker, packet: IPublishPacket): void {
  if (packet.retain) keepRetained(broker, packet);
  for (const session of broker.sessions.values()) {
    const subscription = [...session.subscriptions.values()].find(({ topic }) =>
      matches(topic, packet.topic),
    );
    if (subscription === undefined) continue;
    const retain = packet.retain && subscription.rap === true;
    deliver(session, { ...packet, retain }, subscription);
  }
}

/** To a new subscription: what is retained there. */
export function deliverRetained(broker: Broker, session: Session, subscription: ISubscription): void {
  for (const packet of broker.retained.values()) {
    if (matches(subscription.topic, packet.topic))
      deliver(session, { ...packet, retain: true }, subscription);
  }
}

/** [MQTT-4.4.0-1]: what a session still owes its client, in order. */
export function resend({ unacknowledged, peer }: Session): void {
  for (const packet of unacknowledged.values()) peer?.send({ ...packet, dup: true });
}

function keepRetained(broker: Broker, packet: IPublishPacket): void {
  if (packet.payload.length === 0) broker.retained.delete(packet.topic);
  else broker.retained.set(packet.topic, packet);
}

function deliver(session: Session, packet: IPublishPacket, { qos }: ISubscription): void {
  const { topic, payload, retain } = packet;
  const message = { cmd: 'publish', topic, payload, retain, dup: false } as const;
  const properties = packet.properties === undefined ? {} : { properties: packet.properties };
  if (Math.min(qos, packet.qos) === 0) {
    session.peer?.send({ ...message, ...properties, qos: 0 });
    return;
  }
  if (session.unacknowledged.size >= WAITING_MAX) return; // a broker's own bound; no test comes near it
  session.lastPacketId = (session.lastPacketId % 65_535) + 1;
  const numbered = { ...message, ...properties, qos: 1, messageId: session.lastPacketId } as const;
  session.unacknowledged.set(numbered.messageId, numbered);
  session.peer?.send(numbered);
}
