// Refuses on this side what the broker punishes with the end of the connection; it sends nothing.
import type { LinkProblem, OutgoingMessage, PublishOutcome } from '../domain.ts';
import { oversize } from './packets.ts';
import type { Suspects, Withheld } from './suspects.ts';

const NOT_AUTHORIZED = 135;
const PACKET_TOO_LARGE = 149;

/** `undefined` where the message may be sent. */
export function refusedHere(
  message: OutgoingMessage,
  { maximumPacketSize, suspects }: { maximumPacketSize: number | undefined; suspects: Suspects | undefined },
): PublishOutcome | undefined {
  const tooLarge = maximumPacketSize === undefined ? undefined : oversize(message, maximumPacketSize);
  if (tooLarge !== undefined) return { kind: 'refused', reasonCode: PACKET_TOO_LARGE, reason: tooLarge };
  const withheld = suspects?.withheld({ kind: 'publish', topic: message.topic });
  return withheld === undefined
    ? undefined
    : refusedByClosing('not sent, the broker closed upon it before', withheld);
}

/**
 * What a link's end makes of a PUBLISH that was in flight. Where the broker has now closed upon as many in a row as one request
 * cannot be blamed for, the topic is refused, and no more requests are given up for what the policy lacks.
 */
export function outcomeOfEnd(
  message: OutgoingMessage,
  wholePacketWritten: boolean,
  { problem, suspects }: { readonly problem: LinkProblem; readonly suspects: Suspects | undefined },
): PublishOutcome {
  const lost = { kind: 'lost', wholePacketWritten } as const;
  if (!wholePacketWritten || problem.fault !== 'closedByBroker') return lost;
  const withheld = suspects?.closedOverWhole(message.topic);
  return withheld === undefined
    ? lost
    : refusedByClosing('the broker closed upon it, as upon those before', withheld);
}

function refusedByClosing(fact: string, { statement }: Withheld): PublishOutcome {
  return {
    ...{ kind: 'refused', reasonCode: NOT_AUTHORIZED },
    reason: `${fact}: the policy of this device needs ${statement}`,
  };
}
