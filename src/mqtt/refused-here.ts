// Refuses on this side what the broker is known to punish with the end of the connection; it sends nothing.
import type { OutgoingMessage, PublishOutcome } from '../domain.ts';
import { oversize } from './packets.ts';
import type { Suspects } from './suspects.ts';

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
  if (withheld === undefined) return undefined;
  const reason = `not sent, the broker closed upon it before: its policy needs ${withheld.statement}`;
  return { kind: 'refused', reasonCode: NOT_AUTHORIZED, reason };
}
