// The entries' files and what happens to them, on a disk that may break at any call; it decides nothing about bounds or order.
import type { DropReason, Entry } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import type { DurableFolder } from '../support/durable-file.ts';
import { errorCode, errorMessage } from '../support/errors.ts';
import type { Log } from '../support/log.ts';
import {
  decodeEntry,
  doomedFileName,
  encodeEntry,
  ENTRY_OVERHEAD_BYTES_MAX,
  entryFileName,
  type DecodedEntry,
  type DoomedFile,
  type StoredRequest,
} from './entry-file.ts';
import { QUARANTINE_NAME, type Quarantine } from './quarantine.ts';
import { ReadAhead, type Room } from './read-ahead.ts';
import { StorageState, type StorageOperation } from './storage-state.ts';

export interface EntryFilesParts {
  readonly folder: DurableFolder;
  readonly quarantine: Quarantine;
  readonly clock: Clock;
  readonly log: Log;
  /** Runs what may not happen beside a `write`. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

export interface Failed {
  readonly kind: 'failed';
  readonly code: string;
  readonly detail: string;
}

const LOOK_INTERVAL_MS = 60_000;

/** No method rejects: a fault of the disk is an answer, and goes into the state of the storage. */
export class EntryFiles {
  readonly #parts: EntryFilesParts;
  readonly #storage: StorageState;
  readonly #ahead = new ReadAhead((name, entry, room) => this.#load(name, entry, room));
  #lookAtMs = 0;

  constructor(parts: EntryFilesParts) {
    const { clock, log, folder } = parts;
    const probe = (bytes: number): Promise<void> => parts.inTurn(() => folder.probe(bytes));
    this.#parts = parts;
    this.#storage = new StorageState({ clock, log, directory: folder.path, probe });
  }

  /** `undefined` once the entry is on disk. */
  async write(entry: Entry, stored: StoredRequest): Promise<Failed | undefined> {
    try {
      await this.#parts.folder.write(entryFileName(entry), encodeEntry(stored));
    } catch (error) {
      const failed = this.failed('store', error, entry.bytes);
      await this.remove(entry); // where a broken disk kept it: it was not accepted
      return failed;
    }
    this.#storage.worked('store');
    return undefined;
  }

  async read(entry: Entry): Promise<DecodedEntry | Failed> {
    try {
      return await this.#ahead.read(entry);
    } catch (error) {
      return this.failed('read', error);
    }
  }

  /** `next` gives those that are wanted after it. */
  readAhead(next: (count: number) => readonly Entry[]): void {
    this.#ahead.fetch(next);
  }

  async #load(name: string, entry: Entry, room: Room): Promise<DecodedEntry> {
    try {
      const bytes = await this.#parts.folder.read(name, entry.bytes + ENTRY_OVERHEAD_BYTES_MAX, room);
      return bytes === undefined
        ? { kind: 'damaged', detail: 'not a regular file of its size and owner' }
        : decodeEntry(bytes, entry);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return { kind: 'damaged', detail: 'its file is gone' };
      throw error;
    }
  }

  /** An entry that could not be read can be, or none is left of those. */
  readWorked(): void {
    this.#storage.worked('read');
  }

  /** Now, or when the disk works again; where it never does, the next start finds the entry once more. */
  remove(entry: Entry): Promise<void> {
    this.#ahead.reuse(entry);
    return this.#removeFile(entryFileName(entry), entry.bytes);
  }

  /** Renames first: wherever the process is killed, the drop is recorded, and what was recorded does not come back. */
  async drop(entry: Entry, reason: DropReason): Promise<Failed | undefined> {
    const { folder } = this.#parts;
    const name = entryFileName(entry);
    try {
      await folder.move(name, folder, doomedFileName(name, reason));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') return this.failed('remove', error);
    }
    const flush = (): Promise<void> => folder.flush();
    await this.#storage.finish({ name: 'flush', operation: 'remove', bytes: 0, work: flush });
    await this.finishDrop({ entry, reason });
    return undefined;
  }

  /** The second half of a drop, also of one that a crash cut in two. */
  async finishDrop({ entry, reason }: DoomedFile): Promise<void> {
    this.#parts.log.warn('request.dropped', { ...entry, reason, accepted: true });
    await this.#removeFile(doomedFileName(entryFileName(entry), reason), entry.bytes);
  }

  /** Now, or when the disk works again. */
  quarantine(entry: Entry, reason: string): Promise<void> {
    const { folder, quarantine } = this.#parts;
    const { requestId, bytes } = entry;
    const name = entryFileName(entry);
    const operation = 'quarantine';
    const work = async (): Promise<void> => {
      const taken = await quarantine.take(folder, { name, requestId, bytes, reason });
      if (taken === undefined) return;
      const settle = (): Promise<void> => quarantine.settle(taken, reason);
      await this.#storage.finish({ name: `${name} reason`, operation, bytes: 0, work: settle });
    };
    return this.#storage.finish({ name, operation, bytes, work });
  }

  /** Now and then, where there is something in it: a person may have purged it beside us. */
  async lookAtQuarantine(): Promise<void> {
    const { clock, quarantine } = this.#parts;
    if (quarantine.count() === 0 || clock.monotonicMs() < this.#lookAtMs) return;
    this.#lookAtMs = clock.monotonicMs() + LOOK_INTERVAL_MS;
    const work = (): Promise<void> => quarantine.refresh();
    await this.#storage.finish({ name: 'quarantine names', operation: 'quarantine', bytes: 0, work });
  }

  /** Moves files that are no entries to the quarantine, and ends what a crash left half done there. */
  setAside(strangers: readonly string[]): Promise<void> {
    const { folder, quarantine } = this.#parts;
    const work = async (): Promise<void> => {
      await quarantine.finishDrops();
      if (strangers.length > 0) await quarantine.takeStrangers(folder, strangers);
    };
    return this.#storage.finish({ name: QUARANTINE_NAME, operation: 'quarantine', bytes: 0, work });
  }

  /** Entries that the disk does not let go of: delivered ones, and those that wait for the quarantine. */
  undone(operation: 'remove' | 'quarantine'): { readonly entries: number; readonly bytes: number } {
    return this.#storage.undone(operation);
  }

  failed(operation: StorageOperation, error: unknown, bytes = 0): Failed {
    this.#storage.failed(operation, error, bytes);
    return { kind: 'failed', code: errorCode(error) ?? 'unknown', detail: errorMessage(error) };
  }

  /** What a broken disk left undone stays so. */
  async stop(): Promise<void> {
    await this.#ahead.settled();
    await this.#storage.stop();
  }

  #removeFile(name: string, bytes: number): Promise<void> {
    const work = (): Promise<void> => this.#parts.folder.remove(name);
    return this.#storage.finish({ name, operation: 'remove', bytes, work });
  }
}
