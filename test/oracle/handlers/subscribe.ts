// SUBSCRIBE: takes the filters, answers, then sends what is retained there. QoS 2 is granted as 1.
import type { ISubscribePacket } from 'mqtt-packet';
import { awsClosesOnSubscribe } from '../aws-rules.ts';
import type { Broker, Peer, Session } from '../broker.ts';
import { deliverRetained } from '../routing.ts';

const FAILURE = 128;

export function handleSubscribe(
  { broker, peer, session }: { readonly broker: Broker; readonly peer: Peer; readonly session: Session },
  packet: ISubscribePacket,
): void {
  const { modes } = broker;
  const { subscriptions, messageId = 0 } = packet;
  if (awsClosesOnSubscribe(modes, packet)) {
    peer.reset();
    return;
  }
  if (modes.noSuback) return;
  if (modes.subackFailure) {
    peer.send({ cmd: 'suback', messageId, granted: subscriptions.map(() => FAILURE) });
    return;
  }
  for (const subscription of subscriptions) session.subscriptions.set(subscription.topic, subscription);
  peer.send({ cmd: 'suback', messageId, granted: subscriptions.map(({ qos }) => Math.min(qos, 1)) });
  for (const subscription of subscriptions) deliverRetained(broker, session, subscription);
}
