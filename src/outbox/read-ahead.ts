// Has the entries that are sent next in memory before they are asked for, some at a time; it decides no order and drops none.
import type { Entry } from '../domain.ts';
import { entryFileName, isSameEntry, type DecodedEntry } from './entry-file.ts';

/** Reads and checks one entry; `room` gives the memory for its file. Rejects with the system error. */
export type Load = (name: string, entry: Entry, room: Room) => Promise<DecodedEntry>;
/** At least `bytes` bytes, which nobody else uses. */
export type Room = (bytes: number) => Uint8Array;

// Several calls given to Node's thread pool at once cost a quarter of what they cost one by one (10 against 40 us of
// processor time a call, measured), so that half of them are fetched together when half are used up.
const ENTRIES_MAX = 16;
const BYTES_MAX = 2 * 1024 * 1024;
/** Fresh memory costs 0.1 ms for 128 kB, each page of it a fault; as much again as is read ahead is used anew. */
const SPARE_MAX = ENTRIES_MAX;
// So that payloads of about one size fit each other's memory.
const ROOM_STEP_BYTES = 32 * 1024;

export class ReadAhead {
  readonly #load: Load;
  /** By file name: on its way from the disk or here already. */
  readonly #ahead = new Map<string, Loading>();
  readonly #spare: Uint8Array[] = [];
  /** The entry that was read last. */
  #given: { readonly entry: Entry; readonly memory: Loading['memory'] } | undefined;

  constructor(load: Load) {
    this.#load = load;
  }

  /** Rejects with the system error that met the entry, ahead or now. */
  read(entry: Entry): Promise<DecodedEntry> {
    const name = entryFileName(entry);
    const loading = this.#ahead.get(name) ?? this.#begin(name, entry);
    this.#ahead.delete(name); // good for one read: the next may be after a fault
    this.#given = { entry, memory: loading.memory };
    return loading.decoded;
  }

  /** So that the disk works while the wire waits; `next` gives the entries that come next, at most so many. */
  fetch(next: (count: number) => readonly Entry[]): void {
    if (this.#ahead.size > ENTRIES_MAX / 2) return;
    let bytes = 0;
    const wanted = new Map<string, Entry>();
    for (const entry of next(ENTRIES_MAX)) {
      bytes += entry.bytes;
      if (bytes > BYTES_MAX && wanted.size > 0) break;
      wanted.set(entryFileName(entry), entry);
    }
    for (const name of this.#ahead.keys()) if (!wanted.has(name)) this.#ahead.delete(name);
    for (const [name, entry] of wanted) {
      if (this.#ahead.has(name)) continue;
      const loading = this.#begin(name, entry);
      loading.decoded.catch(() => undefined); // whoever reads it is told
      this.#ahead.set(name, loading);
    }
    if (wanted.size === 0) this.#spare.length = 0; // the backlog is gone
  }

  /** The broker has the entry whole: nobody looks at its bytes any more, and the next one may take their place. */
  reuse(entry: Entry): void {
    if (this.#given === undefined || !isSameEntry(this.#given.entry, entry)) return;
    if (this.#spare.length < SPARE_MAX) this.#spare.push(...this.#given.memory);
    this.#given = undefined;
  }

  async settled(): Promise<void> {
    await Promise.allSettled([...this.#ahead.values()].map(({ decoded }) => decoded));
  }

  #begin(name: string, entry: Entry): Loading {
    const memory: Uint8Array[] = [];
    const room: Room = (bytes) => {
      const taken = this.#take(bytes);
      if (taken.length <= BYTES_MAX) memory.push(taken);
      return taken;
    };
    return { memory, decoded: this.#load(name, entry, room) };
  }

  #take(bytes: number): Uint8Array {
    const at = this.#spare.findIndex(({ length }) => length >= bytes);
    const [spare] = at < 0 ? [] : this.#spare.splice(at, 1);
    return spare ?? Buffer.allocUnsafeSlow(Math.ceil(bytes / ROOM_STEP_BYTES) * ROOM_STEP_BYTES);
  }
}

interface Loading {
  readonly decoded: Promise<DecodedEntry>;
  /** What it was read into, once it was: one piece, or none where nothing was read or where it is too large to be kept. */
  readonly memory: readonly Uint8Array[];
}
