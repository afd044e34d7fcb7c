// Which entries there are and which is next, in memory, from their names alone; it reads and writes no file.
import type { Entry } from '../domain.ts';
import { entryFileName, parseEntryFileName } from './entry-file.ts';

// How long an entry that could not be read lets others go first; a card may be unplugged and back.
const UNREADABLE_PAUSE_MS = 10_000;
// So many failed reads in a row are no longer the entries' fault but the disk's: then nothing is tried for a while.
const FAILED_READS_MAX = 16;

// A file that nobody may remove (chattr +i) stays so until a person mends it; each try is two lines in the log.
const STUCK_PAUSE_MS = 600_000;

// Below that it is not worth to copy the order without its holes.
const HOLES_MAX = 1024;

/** Entries in order of their sequence; those that could not be read stand aside for a while, and none is given up. */
export class EntryIndex {
  /** File names, which hold all there is to know in 130 bytes an entry; two may carry one number if somebody copied. */
  readonly #ready = new Set<string>();
  /**
   * The same in their order, from `#head` on, with holes where one went. A set alone finds its first only by a walk over
   * all that went before it: 100,000 entries drained kept the event loop busy for 20 s.
   */
  #order: string[] = [];
  #head = 0;
  /** The first of them, as long as it is the first: its reader sees one and the same entry. */
  #first: { readonly name: string; readonly entry: Entry | undefined } | undefined;
  /** Monotonic milliseconds until which nobody tries again to drop what could not be dropped. */
  readonly #stuck = new Map<string, number>();
  readonly #unreadable = new Map<string, { readonly entry: Entry; readonly dueMs: number }>();
  #bytes = 0;
  #failedInARow = 0;
  #retryFailed = false;
  #lastFailed: Entry | undefined;
  #heldUntilMs = 0;

  /** In ascending order. */
  add(entry: Entry, name = entryFileName(entry)): void {
    this.#ready.add(name);
    this.#order.push(name);
    this.#bytes += entry.bytes;
  }

  delete(entry: Entry): void {
    const name = entryFileName(entry);
    this.#stuck.delete(name);
    if (!this.#deleteReady(name) && !this.#unreadable.delete(name)) return;
    this.#bytes -= entry.bytes;
    if (this.#lastFailed?.sequence === entry.sequence) this.#lastFailed = undefined;
  }

  counts(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#ready.size + this.#unreadable.size, bytes: this.#bytes };
  }

  /** Whether an entry is there that could not be read when it was last tried. */
  hasUnreadable(): boolean {
    return this.#unreadable.size > 0;
  }

  /** The oldest that may be read now; where none is, the one whose read failed last, so that its reader waits. */
  next(nowMs: number, isWanted: (entry: Entry) => boolean = () => true): Entry | undefined {
    const ready = this.#firstReady(isWanted);
    const due = this.#oldestUnreadable(nowMs, isWanted);
    const failed = this.#lastFailed;
    const waiting =
      failed !== undefined && isWanted(failed) ? failed : this.#oldestUnreadable(Infinity, isWanted);
    if (nowMs < this.#heldUntilMs && waiting !== undefined) return waiting;
    if (due !== undefined && (ready === undefined || !this.#retryFailed)) return due;
    return ready ?? waiting;
  }

  /** Those that come next after `entry`, where all goes well. */
  following(entry: Entry, count: number): readonly Entry[] {
    const own = entryFileName(entry);
    const entries: Entry[] = [];
    for (const name of this.#inOrder()) {
      if (entries.length >= count) break;
      const next = name === own ? undefined : parseEntryFileName(name);
      if (next !== undefined) entries.push(next);
    }
    return entries;
  }

  /** The oldest that may be dropped, readable or not: neither the one in hand nor one that the disk just refused to drop. */
  victim(inHand: Entry | undefined, nowMs: number): Entry | undefined {
    const spared = inHand === undefined ? undefined : entryFileName(inHand);
    const isSpared = (name: string): boolean => name === spared || (this.#stuck.get(name) ?? -1) > nowMs;
    let oldest: Entry | undefined;
    for (const [name, { entry }] of this.#unreadable) {
      if (!isSpared(name)) oldest = older(oldest, entry);
    }
    for (const name of this.#inOrder()) {
      const entry = isSpared(name) ? undefined : parseEntryFileName(name);
      if (entry !== undefined) return older(oldest, entry);
    }
    return oldest;
  }

  /** It is still there: it lets the others go first, in sending for a moment and in dropping for long. */
  dropFailed(entry: Entry, nowMs: number): void {
    this.#bytes += entry.bytes;
    this.standBack(entry, nowMs);
    this.#stuck.set(entryFileName(entry), nowMs + STUCK_PAUSE_MS);
  }

  standBack(entry: Entry, nowMs: number): void {
    const name = entryFileName(entry);
    this.#deleteReady(name);
    this.#unreadable.set(name, { entry, dueMs: nowMs + UNREADABLE_PAUSE_MS });
  }

  readFailed(entry: Entry, nowMs: number): void {
    this.#retryFailed = this.#unreadable.has(entryFileName(entry));
    this.standBack(entry, nowMs);
    this.#lastFailed = entry;
    this.#failedInARow += 1;
    if (this.#failedInARow % FAILED_READS_MAX === 0) this.#heldUntilMs = nowMs + UNREADABLE_PAUSE_MS;
  }

  /** Its file could be read, whatever was in it. True where it could not be before. */
  readWorked(entry: Entry): boolean {
    this.#failedInARow = 0;
    this.#retryFailed = false;
    this.#heldUntilMs = 0;
    if (!this.hasUnreadable()) return false;
    const name = entryFileName(entry);
    const failedBefore = this.#unreadable.has(name);
    // It stays among those that stand aside until it goes, but is the next one: its turn comes before all others.
    if (failedBefore) this.#unreadable.set(name, { entry, dueMs: 0 });
    return failedBefore;
  }

  /** Each name is added once and goes once, so that holes are cleared away in constant time a name on average. */
  #deleteReady(name: string): boolean {
    if (!this.#ready.delete(name)) return false;
    for (let first = this.#order[this.#head]; first !== undefined; first = this.#order[this.#head]) {
      if (this.#ready.has(first)) break;
      this.#head += 1;
    }
    if (this.#order.length > 2 * this.#ready.size + HOLES_MAX) {
      this.#order = this.#order.filter((one) => this.#ready.has(one));
      this.#head = 0;
    }
    return true;
  }

  *#inOrder(): Generator<string> {
    for (let at = this.#head; at < this.#order.length; at += 1) {
      const name = this.#order[at];
      if (name !== undefined && this.#ready.has(name)) yield name;
    }
  }

  #firstReady(isWanted: (entry: Entry) => boolean): Entry | undefined {
    const name = this.#order[this.#head];
    if (name === undefined) return undefined;
    if (this.#first?.name !== name) this.#first = { name, entry: parseEntryFileName(name) };
    const { entry } = this.#first;
    return entry === undefined || isWanted(entry) ? entry : this.#firstWanted(isWanted);
  }

  #firstWanted(isWanted: (entry: Entry) => boolean): Entry | undefined {
    for (const name of this.#inOrder()) {
      const entry = parseEntryFileName(name);
      if (entry !== undefined && isWanted(entry)) return entry;
    }
    return undefined;
  }

  #oldestUnreadable(dueMs: number, isWanted: (entry: Entry) => boolean): Entry | undefined {
    let oldest: Entry | undefined;
    for (const waiting of this.#unreadable.values()) {
      if (waiting.dueMs <= dueMs && isWanted(waiting.entry)) oldest = older(oldest, waiting.entry);
    }
    return oldest;
  }
}

function older(left: Entry | undefined, right: Entry): Entry {
  return left !== undefined && left.sequence <= right.sequence ? left : right;
}
