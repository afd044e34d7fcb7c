// Counts how often the broker itself turned one request away; a poison request must not block the rest for ever.
import type { Entry } from '../domain.ts';

export interface Strikes {
  /** The reason to quarantine the entry now, or `undefined` to try again. Without blame nothing is counted. */
  count(entry: Entry, blame: string | undefined): string | undefined;
  forget(): void;
}

/** One close may be the broker's restart and two bad luck; the field's known loops repeat at every attempt. */
const STRIKES_MAX = 3;

/** One in flight, oldest first: only the head of the outbox can collect strikes, so one counter is enough. */
export function createStrikes(): Strikes {
  let head: { sequence: number; strikes: number } | undefined;
  return {
    count(entry, blame) {
      if (blame === undefined) return undefined;
      const strikes = head?.sequence === entry.sequence ? head.strikes + 1 : 1;
      head = { sequence: entry.sequence, strikes };
      return strikes >= STRIKES_MAX ? `${strikes} times ${blame}` : undefined;
    },
    forget() {
      head = undefined;
    },
  };
}
