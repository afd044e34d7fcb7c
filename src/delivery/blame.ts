// Decides whose fault a failed publish is: the request's own, the broker's rules, or the network's. It touches nothing.
import type { LinkFault, LinkProblem, PublishOutcome } from '../domain.ts';

export interface RequestBlame {
  readonly kind: 'request';
  readonly evidence: 'refusal' | 'close';
  readonly reason: string;
}

export type Blame =
  /** The request itself: counts towards quarantine. */
  | RequestBlame
  /** A rule of the broker that a person may change (access, quota): the request waits for that, for as long as it takes. */
  | { readonly kind: 'broker'; readonly reasonCode: number; readonly reason: string }
  | { readonly kind: 'network' };

/** `ended` is why the link ended, where it did. */
export function blameOf(
  outcome: Exclude<PublishOutcome, { kind: 'acknowledged' | 'sent' }>,
  ended: LinkProblem | undefined,
): Blame {
  switch (outcome.kind) {
    case 'refused': {
      const { reasonCode, reason } = outcome;
      return OWN_FAULTS.includes(reasonCode)
        ? {
            ...{ kind: 'request', evidence: 'refusal' },
            reason: `the broker refused it: reason code ${reasonCode}, ${reason}`,
          }
        : { kind: 'broker', reasonCode, reason };
    }
    case 'lost':
      // Only a close with the whole packet in the broker's hands tells something about the packet.
      return outcome.wholePacketWritten && ended !== undefined && BY_BROKER.includes(ended.fault)
        ? {
            ...{ kind: 'request', evidence: 'close' },
            reason: `the broker closed the connection when it had it whole: ${ended.detail}`,
          }
        : { kind: 'network' };
    case 'timeout':
      return { kind: 'network' };
  }
}

// MQTT 5, 3.4.2.1 and 2.4: topic name invalid, packet too large, payload format invalid. The others (not authorised,
// quota exceeded, unspecified ...) are true of any request, and may be mended while it waits.
const OWN_FAULTS: readonly number[] = Object.freeze([144, 149, 153]);
const BY_BROKER: readonly LinkFault[] = Object.freeze(['closedByBroker', 'refused', 'notAuthorized']);
