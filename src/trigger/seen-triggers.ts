// Remembers which triggers were taken, so that a repetition is known: while they wait, and for a while once accepted.
import type { Trigger, TriggerOutcome } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import { createRecent } from '../support/recent.ts';

export interface SeenTriggers {
  has(key: string): boolean;
  taken(trigger: Trigger, key: string): void;
  /** Only what was accepted stays known: who is told that the camera failed tries again with the same id. */
  answered(trigger: Trigger, outcome: TriggerOutcome): void;
}

// Brokers redeliver within seconds of a reconnection; ten minutes also cover a sender's own retry.
const DUPLICATE_WINDOW_MS = 10 * 60 * 1000;
const DUPLICATES_MAX = 4096;

export function createSeenTriggers(clock: Clock): SeenTriggers {
  const accepted = createRecent({ clock, windowMs: DUPLICATE_WINDOW_MS, max: DUPLICATES_MAX });
  // Bounded by the mailbox. Two plain messages of the same content have one key, so a key is in hand more than once.
  const keys = new Map<Trigger, string>();
  const inHand = new Map<string, number>();
  return {
    has: (key) => inHand.has(key) || accepted.has(key),
    taken(trigger, key) {
      keys.set(trigger, key);
      inHand.set(key, (inHand.get(key) ?? 0) + 1);
    },
    answered(trigger, outcome) {
      const key = keys.get(trigger);
      if (key === undefined) return; // one of this machine's own
      keys.delete(trigger);
      const others = (inHand.get(key) ?? 1) - 1;
      if (others === 0) inHand.delete(key);
      else inHand.set(key, others);
      if (outcome.kind === 'accepted') accepted.add(key);
    },
  };
}
