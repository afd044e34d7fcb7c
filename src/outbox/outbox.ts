// The durable, bounded store of requests not yet acknowledged: one file an entry. It never sends anything.
import type { AddOutcome, Entry, Outbox, ReadOutcome, Request } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import type { DurableFolder } from '../support/durable-file.ts';
import { errorCode, errorMessage, unreachable } from '../support/errors.ts';
import type { Log } from '../support/log.ts';
import { admitEntry, type OutboxBounds } from './bounds.ts';
import {
  decodeEntry,
  encodeEntry,
  ENTRY_OVERHEAD_BYTES_MAX,
  entryFileName,
  parseEntryFileName,
  type DecodedEntry,
  type StoredRequest,
} from './entry-file.ts';
import { QUARANTINE_NAME, type Quarantine } from './quarantine.ts';

export interface OutboxParts {
  readonly folder: DurableFolder;
  readonly quarantine: Quarantine;
  readonly bounds: OutboxBounds;
  readonly clock: Clock;
  readonly clockSynchronised: () => boolean;
  readonly freeBytes: () => Promise<number>;
  readonly log: Log;
  /** Frees the lock of whoever opened the folder. */
  readonly release: () => Promise<void>;
}

/** Loads the index from the folder's names; whatever is no entry of ours is set aside, nothing stops the start. */
export async function loadOutbox(parts: OutboxParts): Promise<Outbox> {
  const entries = new Map<number, Entry>();
  let sequence = 0;
  for (const name of await parts.folder.list()) {
    if (name === QUARANTINE_NAME) continue;
    const entry = parseEntryFileName(name);
    if (entry === undefined || entries.has(entry.sequence)) {
      const reason = entry === undefined ? 'not an entry of this program' : 'another entry has its number';
      await parts.quarantine.take(parts.folder, { bytes: 0, ...entry, name, reason });
      continue;
    }
    entries.set(entry.sequence, entry);
    sequence = Math.max(sequence, entry.sequence);
  }
  return new FileOutbox(parts, entries, sequence);
}

class FileOutbox implements Outbox {
  readonly #parts: OutboxParts;
  /** In order of their sequence. */
  readonly #entries: Map<number, Entry>;
  #bytes: number;
  #sequence: number;
  /** Being sent: no bound may drop it. */
  #inHand: number | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: OutboxParts, entries: Map<number, Entry>, sequence: number) {
    this.#parts = parts;
    this.#entries = entries;
    this.#sequence = sequence;
    this.#bytes = [...entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
  }

  async add(request: Request, link: { readonly online: boolean }): Promise<AddOutcome> {
    try {
      const refused = await this.#makeRoom({ bytes: request.payload.length, online: link.online });
      if (refused !== undefined) return refused;
      this.#sequence += 1;
      const entry = { sequence: this.#sequence, requestId: request.requestId, bytes: request.payload.length };
      const stored = {
        request,
        storedAt: this.#parts.clock.now().toISOString(),
        storedAtSynchronised: this.#parts.clockSynchronised(),
      };
      await this.#parts.folder.write(entryFileName(entry), encodeEntry(stored));
      this.#entries.set(entry.sequence, entry);
      this.#bytes += entry.bytes;
      return { kind: 'stored', entry };
    } catch (error) {
      return failure(error);
    }
  }

  oldest(): Entry | undefined {
    const [oldest] = this.#entries.values();
    return oldest;
  }

  async read(entry: Entry): Promise<ReadOutcome> {
    this.#inHand = entry.sequence;
    try {
      const decoded = await this.#decode(entry);
      if (decoded.kind === 'damaged') return decoded;
      if (this.#isTooOld(decoded.stored)) {
        await this.#drop(entry, 'tooOld');
        return { kind: 'dropped' };
      }
      return { kind: 'request', request: decoded.stored.request };
    } catch (error) {
      return errorCode(error) === 'ENOENT' ? { kind: 'damaged', detail: 'its file is gone' } : failure(error);
    }
  }

  async remove(entry: Entry): Promise<void> {
    this.#forget(entry);
    try {
      await this.#parts.folder.remove(entryFileName(entry));
    } catch (error) {
      // Delivered but not removable (a card gone read-only): the next start sends it again, with the same id.
      this.#parts.log.warn('storage.failing', { requestId: entry.requestId, ...failure(error) });
    }
  }

  async quarantine(entry: Entry, reason: string): Promise<void> {
    this.#forget(entry);
    const { requestId, bytes } = entry;
    await this.#parts.quarantine.take(this.#parts.folder, {
      name: entryFileName(entry),
      requestId,
      bytes,
      reason,
    });
  }

  release(entry: Entry): void {
    if (this.#inHand === entry.sequence) this.#inHand = undefined;
  }

  counts(): ReturnType<Outbox['counts']> {
    return { entries: this.#entries.size, bytes: this.#bytes, quarantined: this.#parts.quarantine.count() };
  }

  /** Nothing is pending here: every write is on disk when `add` resolves. */
  close(): Promise<void> {
    this.#closing ??= this.#parts.release();
    return this.#closing;
  }

  async #makeRoom(request: { bytes: number; online: boolean }): Promise<AddOutcome | undefined> {
    for (;;) {
      const freeBytes = await this.#parts.freeBytes();
      const occupancy = { entries: this.#entries.size, bytes: this.#bytes, freeBytes };
      const admission = admitEntry(this.#parts.bounds, occupancy, request);
      switch (admission.kind) {
        case 'admitted':
          return undefined;
        case 'refused':
          return admission;
        case 'dropOldest': {
          const oldest = [...firstTwo(this.#entries.values())].find(
            ({ sequence }) => sequence !== this.#inHand,
          );
          if (oldest === undefined) return { kind: 'refused', reason: admission.reason };
          await this.#drop(oldest, admission.reason);
          break;
        }
        default:
          unreachable(admission);
      }
    }
  }

  async #drop(entry: Entry, reason: string): Promise<void> {
    await this.remove(entry);
    this.#parts.log.warn('request.dropped', { ...entry, reason, accepted: true });
  }

  #isTooOld(stored: StoredRequest): boolean {
    const { bounds, clock, clockSynchronised } = this.#parts;
    if (bounds.maxAgeSeconds === 0 || !stored.storedAtSynchronised || !clockSynchronised()) return false;
    return clock.now().getTime() - Date.parse(stored.storedAt) > bounds.maxAgeSeconds * 1000;
  }

  async #decode(entry: Entry): Promise<DecodedEntry> {
    const bytes = await this.#parts.folder.read(entryFileName(entry), entry.bytes + ENTRY_OVERHEAD_BYTES_MAX);
    return bytes === undefined
      ? { kind: 'damaged', detail: 'not a regular file of its size' }
      : decodeEntry(bytes, entry);
  }

  #forget(entry: Entry): void {
    this.release(entry);
    if (this.#entries.delete(entry.sequence)) this.#bytes -= entry.bytes;
  }
}

function* firstTwo<T>(values: Iterable<T>): Generator<T> {
  let count = 0;
  for (const value of values) {
    if (count === 2) return;
    count += 1;
    yield value;
  }
}

function failure(error: unknown): { kind: 'failed'; code: string; detail: string } {
  return { kind: 'failed', code: errorCode(error) ?? 'unknown', detail: errorMessage(error) };
}
