// Counts how often the broker itself turned one request away; a poison request must not block the rest for ever.
import type { Entry } from '../domain.ts';

export interface Strikes {
  /** The reason to quarantine the entry now, or `undefined` to try again. Without blame nothing is counted. */
  count(entry: Entry, blame: string | undefined): string | undefined;
  /** How loud to say that a rule of the broker refuses requests, and how long to wait before the next try. */
  refusedByRule(reasonCode: number): readonly [level: 'warn' | 'debug', pauseMs: number];
  forget(): void;
}

/** One close may be the broker's restart and two bad luck; the field's known loops repeat at every attempt. */
const STRIKES_MAX = 3;

// A person has to mend it: often enough to be noticed at once, seldom enough to cost nothing over a weekend.
const RULE_PAUSE_MS_MIN = 1000;
const RULE_PAUSE_MS_MAX = 60_000;

/** One in flight, oldest first: only the head of the outbox can collect strikes, so one counter is enough. */
export function createStrikes(): Strikes {
  let head: { sequence: number; strikes: number } | undefined;
  let rule: { reasonCode: number; pauseMs: number } | undefined;
  return {
    count(entry, blame) {
      if (blame === undefined) return undefined;
      const strikes = head?.sequence === entry.sequence ? head.strikes + 1 : 1;
      head = { sequence: entry.sequence, strikes };
      return strikes >= STRIKES_MAX ? `${strikes} times ${blame}` : undefined;
    },
    refusedByRule(reasonCode) {
      const same = rule?.reasonCode === reasonCode;
      const pauseMs =
        rule === undefined || !same ? RULE_PAUSE_MS_MIN : Math.min(rule.pauseMs * 2, RULE_PAUSE_MS_MAX);
      rule = { reasonCode, pauseMs };
      return [same ? 'debug' : 'warn', pauseMs];
    },
    forget() {
      head = undefined;
      rule = undefined;
    },
  };
}
