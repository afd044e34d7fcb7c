// Decides whose fault a failed publish is: the request's own, the broker's rules, or the network's. It touches nothing.
import type { Entry, LinkFault, LinkProblem, PublishOutcome } from '../domain.ts';

export type Blame =
  /** The request itself: counts towards quarantine. */
  | { readonly kind: 'request'; readonly evidence: 'refusal' | 'close'; readonly reason: string }
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

/** What to do with an entry that a rule of the broker refused. */
export type TrialVerdict =
  | { readonly kind: 'wait' }
  /** The entry behind it is to be sent at once: does the rule refuse that one as well? */
  | { readonly kind: 'probe' }
  /** The broker takes others and not this one: the fault is its own. */
  | { readonly kind: 'quarantine'; readonly refusals: number };

/** A head of the outbox that the broker refuses by its rules again and again: no rule may block the others for one's fault. */
export interface Trial {
  /** The entry to send: the head, or in its place once the one behind it, where there is one. */
  next(head: Entry, behind: (entry: Entry) => Entry | undefined): Entry;
  isProbe(entry: Entry): boolean;
  refused(entry: Entry, hasNext: boolean): TrialVerdict;
  acknowledged(entry: Entry): void;
  /** A new link, or an answer that tells nothing about a rule: what others were told before is no comparison any more. */
  startOver(): void;
}

// Rules are mended while their refusals are counted; two could be the moment in which somebody does.
const REFUSALS_BEFORE_PROBE = 3;

export function createTrial(): Trial {
  let head: { readonly sequence: number; readonly refusals: number } | undefined;
  let stage: 'head' | 'probe' | 'othersPass' = 'head';
  const isProbe = (entry: Entry): boolean => stage === 'probe' && entry.sequence !== head?.sequence;
  return {
    isProbe,
    next(first, behind) {
      if (first.sequence !== head?.sequence) stage = 'head';
      return stage === 'probe' ? (behind(first) ?? first) : first;
    },
    refused(entry, hasNext) {
      if (isProbe(entry)) {
        stage = 'head';
        return { kind: 'wait' };
      }
      const refusals = head?.sequence === entry.sequence ? head.refusals + 1 : 1;
      head = { sequence: entry.sequence, refusals };
      // Refused before the probe and after it: no rule was changed in between.
      if (stage === 'othersPass') return { kind: 'quarantine', refusals };
      stage = hasNext && refusals >= REFUSALS_BEFORE_PROBE ? 'probe' : 'head';
      return { kind: stage === 'probe' ? 'probe' : 'wait' };
    },
    acknowledged(entry) {
      if (isProbe(entry)) stage = 'othersPass';
      else if (entry.sequence === head?.sequence) head = undefined;
    },
    startOver() {
      stage = 'head';
    },
  };
}

// MQTT 5, 3.4.2.1 and 2.4: topic name invalid, packet too large, payload format invalid. The others (not authorised,
// quota exceeded, unspecified ...) are true of any request, and may be mended while it waits.
const OWN_FAULTS: readonly number[] = Object.freeze([144, 149, 153]);
const BY_BROKER: readonly LinkFault[] = Object.freeze(['closedByBroker', 'refused', 'notAuthorized']);
