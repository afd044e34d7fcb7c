// Has the entries that are sent next in memory before they are asked for, some at a time; it decides no order and drops none.
import type { Entry } from '../domain.ts';
import type { EntryDisk } from './entry-disk.ts';
import { entryFileName, type DecodedEntry } from './entry-file.ts';

// Several calls given to Node's thread pool at once cost a quarter of what they cost one by one (10 against 40 us of
// processor time a call, measured), so that half of them are fetched together when half are used up.
const ENTRIES_MAX = 16;
const BYTES_MAX = 2 * 1024 * 1024;
/** Fresh memory costs 0.1 ms for 128 kB, each page of it a fault; as much again as is read ahead is used anew. */
const SPARE_MAX = ENTRIES_MAX;
// Of a file beside its payload, as a rule.
const METADATA_BYTES = 1024;

export class ReadAhead {
  readonly #disk: Pick<EntryDisk, 'load'>;
  /** By file name: on its way from the disk or here already. */
  readonly #ahead = new Map<string, Loading>();
  readonly #spare: ArrayBuffer[] = [];
  /** The entry that was read last. */
  #given: { readonly name: string; readonly loading: Loading } | undefined;

  constructor(disk: Pick<EntryDisk, 'load'>) {
    this.#disk = disk;
  }

  /** Rejects with the system error that met the entry, ahead or now. */
  read(entry: Entry): Promise<DecodedEntry> {
    const name = entryFileName(entry);
    const loading = this.#ahead.get(name) ?? this.#begin(entry);
    this.#ahead.delete(name); // good for one read: the next may be after a fault
    this.#given = { name, loading };
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
      const loading = this.#begin(entry);
      loading.decoded.catch(() => undefined); // whoever reads it is told
      this.#ahead.set(name, loading);
    }
    if (wanted.size === 0) this.#spare.length = 0; // the backlog is gone
  }

  /** The broker has the entry whole: nobody looks at its bytes any more, and the next one may take their place. */
  reuse(entry: Entry): void {
    if (this.#given?.name !== entryFileName(entry)) return;
    const { memory } = this.#given.loading;
    this.#given = undefined;
    if (memory === undefined || memory.byteLength > BYTES_MAX || this.#spare.length >= SPARE_MAX) return;
    this.#spare.push(memory);
  }

  async settled(): Promise<void> {
    await Promise.allSettled([...this.#ahead.values()].map(({ decoded }) => decoded));
  }

  #begin(entry: Entry): Loading {
    const at = this.#spare.findIndex(({ byteLength }) => byteLength >= entry.bytes + METADATA_BYTES);
    const [spare] = at < 0 ? [] : this.#spare.splice(at, 1);
    const loading: Loading = {
      memory: undefined,
      decoded: this.#disk.load(entry, spare).then(({ decoded, memory }) => {
        loading.memory = memory;
        return decoded;
      }),
    };
    return loading;
  }
}

interface Loading {
  readonly decoded: Promise<DecodedEntry>;
  /** What it was read into, once it was. */
  memory: ArrayBuffer | undefined;
}
