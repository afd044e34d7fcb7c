// Which entries stand aside because the broker refuses them by its rules, and which of them is given up. It sends nothing.
import type { Entry } from '../domain.ts';

export type TrialVerdict =
  /** Nobody knows whose fault it is: everything waits a while, then the next one is sent. */
  | { readonly kind: 'wait' }
  /** The oldest that was never refused is to be sent at once: is that refused as well? */
  | { readonly kind: 'compare' }
  /** The broker takes others and not this one: the fault is its own. */
  | { readonly kind: 'quarantine'; readonly refusals: number };

export interface Refusal {
  readonly nowMs: number;
  readonly flightMs: number;
  /** Another waits that was never refused. */
  readonly hasFresh: boolean;
}

/**
 * A rule of the broker (access, quota) may be about one request or about all of them, and may be mended at any time.
 *
 * - Nothing is blocked by others' faults: after its third refusal in a row an entry stands aside, and all others have their
 *   turn, oldest first, before it has another. Of n entries each is sent within n turns, whatever the broker says of the rest.
 * - A broker that refuses everything empties nothing: an entry is given up only at its third comparison, and that is a
 *   refusal, another request taken directly after it, and the next refusal.
 * - A quota that lets some pass condemns hardly any: a comparison goes wrong only where room came free in the one flight between
 *   the two, and not in the time before, in which nothing was sent for PAUSE_FLIGHTS flights (1 s at least): else the entry
 *   itself had taken it. Three of them in a row are needed.
 * - As soon as another was taken, what stands aside is tried again, oldest first: once a rule is mended, order is restored.
 */
export interface Trial {
  /** The oldest of those that may goes next. */
  mayGo(entry: Entry, nowMs: number): boolean;
  /** The broker said nothing against it yet. */
  isFresh(entry: Entry): boolean;
  /** Before `next` goes, the oldest that was refused is to be sent, so that what becomes of the two can be compared. */
  comparesNow(next: Entry, nowMs: number): boolean;
  /** Milliseconds until one that stands aside has its turn because another was taken; 0 where none waits for that. */
  dueInMs(nowMs: number): number;
  /** Every entry had its turn: a new one begins, for all from `oldest` on. */
  nextTurn(oldest: Entry): void;
  refused(entry: Entry, refusal: Refusal): TrialVerdict;
  acknowledged(entry: Entry, nowMs: number): void;
  /** A new link: what was taken on the one before is no comparison. */
  startOver(): void;
}

// Rules are mended while their refusals are counted; two could be the moment in which somebody does.
const REFUSALS_IN_ORDER = 3;
const COMPARISONS_MAX = 3;
const PAUSE_FLIGHTS = 8;
const PAUSE_MS_MIN = 1000;
const PAUSE_MS_MAX = 60_000;

interface Refused {
  readonly refusals: number;
  readonly comparisons: number;
  /** Another was taken directly after its last refusal. */
  readonly othersPass: boolean;
  /** How many had been taken at the last refusal. */
  readonly taken: number;
  readonly dueMs: number;
  /** In which it had its turn. */
  readonly turn: number;
}

export function createTrial(): Trial {
  return new RuleTrial();
}

class RuleTrial implements Trial {
  /** By sequence; those of entries that a bound dropped meanwhile go with the next turn. */
  readonly #refused = new Map<number, Refused>();
  #turn = 1;
  #standsAside = false;
  #taken = 0;
  #answeredMs = -Infinity;
  /** Just refused: the next answer tells whether others pass. */
  #compared: number | undefined;

  isFresh({ sequence }: Entry): boolean {
    return !this.#refused.has(sequence);
  }

  mayGo(entry: Entry, nowMs: number): boolean {
    const before = this.#refused.get(entry.sequence);
    if (before === undefined || this.#compared !== undefined) return before === undefined;
    return before.turn < this.#turn || (before.taken < this.#taken && before.dueMs <= nowMs);
  }

  comparesNow(next: Entry, nowMs: number): boolean {
    const isOpen = this.#standsAside && this.#compared === undefined;
    return isOpen && this.isFresh(next) && nowMs - this.#answeredMs >= PAUSE_MS_MIN;
  }

  dueInMs(nowMs: number): number {
    const dueMs = [...this.#refused.values()]
      .filter((one) => one.taken < this.#taken)
      .map((one) => one.dueMs - nowMs);
    return Math.max(0, dueMs.length === 0 ? 0 : Math.min(...dueMs));
  }

  nextTurn(oldest: Entry): void {
    this.#turn += 1;
    this.#standsAside = false;
    this.#compared = undefined;
    for (const sequence of this.#refused.keys()) {
      if (sequence < oldest.sequence) this.#refused.delete(sequence);
    }
  }

  refused({ sequence }: Entry, { nowMs, flightMs, hasFresh }: Refusal): TrialVerdict {
    const quietMs = Math.max(PAUSE_MS_MIN, PAUSE_FLIGHTS * flightMs);
    const wasQuiet = nowMs - flightMs - this.#answeredMs >= quietMs;
    const isComparison = this.#compared !== undefined;
    this.#answeredMs = nowMs;
    this.#compared = undefined;
    const { refusals, comparisons } = oneMore(this.#refused.get(sequence));
    if (comparisons >= COMPARISONS_MAX) {
      this.#refused.delete(sequence);
      return { kind: 'quarantine', refusals };
    }
    const goesAside = this.#standsAside || isComparison || refusals >= REFUSALS_IN_ORDER;
    this.#standsAside = goesAside;
    this.#refused.set(sequence, {
      ...{ refusals, comparisons, othersPass: false, taken: this.#taken },
      turn: goesAside ? this.#turn : this.#turn - 1,
      dueMs: nowMs + Math.min(PAUSE_MS_MAX, quietMs * 2 ** Math.max(0, refusals - REFUSALS_IN_ORDER)),
    });
    if (!goesAside || isComparison || !wasQuiet || !hasFresh) return { kind: 'wait' };
    this.#compared = sequence;
    return { kind: 'compare' };
  }

  acknowledged({ sequence }: Entry, nowMs: number): void {
    const compared = this.#compared;
    this.#taken += 1;
    this.#answeredMs = nowMs;
    this.#compared = undefined;
    this.#refused.delete(sequence);
    const before = compared === undefined ? undefined : this.#refused.get(compared);
    if (compared !== undefined && before !== undefined)
      this.#refused.set(compared, { ...before, othersPass: true });
  }

  startOver(): void {
    this.#compared = undefined;
    for (const [sequence, one] of this.#refused) {
      this.#refused.set(sequence, { ...one, taken: this.#taken, othersPass: false });
    }
  }
}

function oneMore(before: Refused | undefined): Pick<Refused, 'refusals' | 'comparisons'> {
  if (before === undefined) return { refusals: 1, comparisons: 0 };
  const { refusals, comparisons, othersPass } = before;
  return { refusals: refusals + 1, comparisons: comparisons + (othersPass ? 1 : 0) };
}
