// Decides when one request has been turned away often enough; a poison request must not block the rest for ever.
import type { Entry } from '../domain.ts';

export interface Strike {
  readonly reason: string;
  /** A refusal names the request; a close only followed it, for all we know by chance. */
  readonly evidence: 'refusal' | 'close';
  /** Milliseconds from the first byte to the end. */
  readonly flightMs: number;
}

export interface Strikes {
  /** The reason to quarantine the entry now, or `undefined` to try again. */
  count(entry: Entry, strike: Strike): string | undefined;
  /** Milliseconds that a link must have lived without the entry before it is sent the next time; 0 = send at once. */
  probeMs(entry: Entry): number;
  /** A link ended while the entry was held back: whatever ends links here is not this entry. */
  acquit(entry: Entry): void;
  /** How loud to say that a rule of the broker refuses requests, and how long to wait before the next try. */
  refusedByRule(reasonCode: number): readonly [level: 'warn' | 'debug', pauseMs: number];
  forget(): void;
}

/** One close may be the broker's restart and two bad luck; the field's known loops repeat at every attempt. */
const STRIKES_MAX = 3;

// Brokers also close for reasons of their own: a crash loop, or two devices with one client id (mosquitto 2.0.11 names no
// reason for a take-over). So the last strike counts only on a link that had lived PROBE_FLIGHTS times as long without the
// request as the longest link died with it. Where closes come by chance, at any rate, and a share x of all flights is
// spared, three strikes in a row have a probability of at most max over x of (1-x)^3 * x^8 = 0.16 %; a request that is
// poison dies on the third try always. PROBE_MS_MIN is for flights too short to tell anything.
const PROBE_FLIGHTS = 8;
const PROBE_MS_MIN = 5000;

// A person has to mend it: often enough to be noticed at once, seldom enough to cost nothing over a weekend.
const RULE_PAUSE_MS_MIN = 1000;
const RULE_PAUSE_MS_MAX = 60_000;

interface Suspect {
  readonly sequence: number;
  readonly strikes: number;
  /** The longest of those that ended in a close; `undefined` where all were refusals. */
  readonly longestMs: number | undefined;
}

/** One in flight, oldest first: only the head of the outbox can collect strikes, so one counter is enough. */
export function createStrikes(): Strikes {
  let suspect: Suspect | undefined;
  let rule: { reasonCode: number; pauseMs: number } | undefined;
  const suspicionOf = ({ sequence }: Entry): Suspect =>
    suspect?.sequence === sequence ? suspect : { sequence, strikes: 0, longestMs: undefined };
  return {
    count(entry, { reason, evidence, flightMs }) {
      const before = suspicionOf(entry);
      const strikes = before.strikes + 1;
      const longestMs = evidence === 'close' ? Math.max(before.longestMs ?? 0, flightMs) : before.longestMs;
      suspect = { sequence: entry.sequence, strikes, longestMs };
      return strikes >= STRIKES_MAX ? `${strikes} times ${reason}` : undefined;
    },
    probeMs(entry) {
      const { strikes, longestMs } = suspicionOf(entry);
      if (strikes < STRIKES_MAX - 1 || longestMs === undefined) return 0;
      return Math.max(PROBE_MS_MIN, PROBE_FLIGHTS * longestMs);
    },
    acquit(entry) {
      if (suspect?.sequence === entry.sequence) suspect = undefined;
    },
    refusedByRule(reasonCode) {
      const same = rule?.reasonCode === reasonCode;
      const pauseMs =
        rule === undefined || !same ? RULE_PAUSE_MS_MIN : Math.min(rule.pauseMs * 2, RULE_PAUSE_MS_MAX);
      rule = { reasonCode, pauseMs };
      return [same ? 'debug' : 'warn', pauseMs];
    },
    forget() {
      suspect = undefined;
      rule = undefined;
    },
  };
}
