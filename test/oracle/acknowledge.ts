// The answer to a PUBLISH, right or wrong as the modes say: PUBACK at QoS 1, PUBREC at QoS 2, nothing at QoS 0.
import type { IPublishPacket, Packet } from 'mqtt-packet';
import type { Publisher } from './handlers/publish.ts';
import type { Modes } from './modes.ts';

export type AnswerModes = Pick<
  Modes,
  'noPuback' | 'latePubackMs' | 'wrongPuback' | 'doublePuback' | 'pubackReasonCode' | 'closeAfterPublish'
>;

export function acknowledge(publisher: Publisher, packet: IPublishPacket, modes: AnswerModes): void {
  const { broker, peer, session } = publisher;
  const answer = answerTo(packet, modes);
  const closes = modes.closeAfterPublish;
  if (closes === 'withoutPuback') peer.end();
  if (closes === 'withoutPuback' || modes.noPuback) return;
  session.unanswered += 1;
  const send = (): void => {
    session.unanswered -= 1;
    if (answer !== undefined) peer.send(answer);
    if (answer !== undefined && modes.doublePuback) peer.send(answer);
    if (closes === 'withPuback') peer.end();
  };
  if (modes.latePubackMs > 0) broker.clock.timer(modes.latePubackMs, send);
  else send();
}

function answerTo({ qos, messageId = 0 }: IPublishPacket, modes: AnswerModes): Packet | undefined {
  if (qos === 0) return undefined;
  return {
    cmd: qos === 1 ? 'puback' : 'pubrec',
    messageId: modes.wrongPuback ? (messageId % 65_535) + 1 : messageId,
    reasonCode: modes.pubackReasonCode,
  };
}
