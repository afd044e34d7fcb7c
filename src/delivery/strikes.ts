// Decides when one request has been turned away often enough; a poison request must not block the rest for ever.
import type { Entry } from '../domain.ts';

export interface Strike {
  readonly reason: string;
  /** A refusal names the request; a close only followed it, for all we know by chance. */
  readonly evidence: 'refusal' | 'close';
  /** Milliseconds from the first byte to the end. */
  readonly flightMs: number;
}

export type StrikeVerdict =
  | { readonly kind: 'again' }
  | { readonly kind: 'quarantine'; readonly reason: string }
  /** So many were given up in a row that it may be the broker's fault, or a setting's (topic, size): compare with others. */
  | { readonly kind: 'doubt' };

export interface Strikes {
  count(entry: Entry, strike: Strike): StrikeVerdict;
  /** Milliseconds that a link must have lived without the entry before it is sent the next time; 0 = send at once. */
  probeMs(entry: Entry): number;
  /** A link ended while the entry was held back: whatever ends links here is not this entry. */
  acquit(entry: Entry): void;
  /** How loud to say that a rule of the broker refuses requests, and how long to wait before the next try. */
  refusedByRule(reasonCode: number | undefined): readonly [level: 'warn' | 'debug', pauseMs: number];
  /** The broker took a request. */
  forget(): void;
}

/** One close may be the broker's restart and two bad luck; the field's known loops repeat at every attempt. */
const STRIKES_MAX = 3;
// Without one taken in between. A broker, or a wrong topic, that makes every request fail must not empty the outbox.
const GIVEN_UP_MAX = 3;

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

/** One in flight, and sent again until it is judged: only one entry at a time can collect strikes, so one counter is enough. */
export function createStrikes(): Strikes {
  let suspect: Suspect | undefined;
  let rule: { reasonCode: number | undefined; pauseMs: number } | undefined;
  let givenUp = 0;
  const suspicionOf = ({ sequence }: Entry): Suspect =>
    suspect?.sequence === sequence ? suspect : { sequence, strikes: 0, longestMs: undefined };
  return {
    count(entry, { reason, evidence, flightMs }) {
      const before = suspicionOf(entry);
      const strikes = before.strikes + 1;
      const longestMs = evidence === 'close' ? Math.max(before.longestMs ?? 0, flightMs) : before.longestMs;
      suspect = { sequence: entry.sequence, strikes, longestMs };
      if (givenUp >= GIVEN_UP_MAX) return { kind: 'doubt' };
      if (strikes < STRIKES_MAX) return { kind: 'again' };
      givenUp += 1;
      return { kind: 'quarantine', reason: `${strikes} times ${reason}` };
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
      const same = rule !== undefined && rule.reasonCode === reasonCode;
      const pauseMs =
        rule === undefined || !same ? RULE_PAUSE_MS_MIN : Math.min(rule.pauseMs * 2, RULE_PAUSE_MS_MAX);
      rule = { reasonCode, pauseMs };
      return [same ? 'debug' : 'warn', pauseMs];
    },
    forget() {
      suspect = undefined;
      rule = undefined;
      givenUp = 0;
    },
  };
}
