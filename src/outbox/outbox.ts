// The durable, bounded store of requests not yet acknowledged: one file an entry. It never sends anything.
import type { AddOutcome, DropReason, Entry, Outbox, ReadOutcome, Request } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import type { DurableFolder } from '../support/durable-file.ts';
import { unreachable } from '../support/errors.ts';
import type { Log } from '../support/log.ts';
import { admitEntry, sum, type Admission, type OutboxBounds } from './bounds.ts';
import { isSameEntry, type DoomedFile, type StoredRequest } from './entry-file.ts';
import { EntryFiles, type Failed } from './entry-files.ts';
import { EntryIndex } from './entry-index.ts';
import type { Quarantine } from './quarantine.ts';
import { sortNames } from './sort-names.ts';

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
  const index = new EntryIndex();
  const { entries, doomed, strangers } = sortNames(await parts.folder.list());
  let sequence = parts.quarantine.lastSequence();
  for (const entry of entries) {
    index.add(entry);
    sequence = Math.max(sequence, entry.sequence);
  }
  const outbox = new FileOutbox(parts, index, sequence);
  await outbox.tidy(doomed, strangers);
  return outbox;
}

class FileOutbox implements Outbox {
  readonly #parts: OutboxParts;
  readonly #index: EntryIndex;
  readonly #files: EntryFiles;
  #sequence: number;
  /** The entry being sent: no bound may drop it. */
  #inHand: Entry | undefined;
  /** What writes comes one after the other, so that two additions cannot both take the last place. */
  #turn: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(parts: OutboxParts, index: EntryIndex, sequence: number) {
    this.#parts = parts;
    this.#index = index;
    this.#sequence = sequence;
    this.#files = new EntryFiles({ ...parts, inTurn: (work) => this.#inTurn(work) });
  }

  async tidy(doomed: readonly DoomedFile[], strangers: readonly string[]): Promise<void> {
    for (const file of doomed) await this.#files.finishDrop(file);
    await this.#files.setAside(strangers);
  }

  add(request: Request, link: { readonly online: boolean }): Promise<AddOutcome> {
    return this.#inTurn(() => this.#add(request, link.online));
  }

  oldest(isWanted?: (entry: Entry) => boolean): Entry | undefined {
    return this.#index.next(this.#parts.clock.monotonicMs(), isWanted);
  }

  async read(entry: Entry): Promise<ReadOutcome> {
    this.#inHand = entry;
    const read = await this.#files.read(entry);
    if (read.kind === 'failed') {
      this.#index.readFailed(entry, this.#parts.clock.monotonicMs());
      return read;
    }
    if (this.#index.readWorked(entry) || !this.#index.hasUnreadable()) this.#files.readWorked();
    this.#files.readAhead((count) => this.#index.following(entry, count));
    if (read.kind === 'damaged') return read;
    if (!this.#isTooOld(read.stored)) return { kind: 'request', request: read.stored.request };
    return (await this.#drop(entry, 'tooOld')) ?? { kind: 'dropped' };
  }

  async remove(entry: Entry): Promise<void> {
    this.#forget(entry);
    await this.#files.remove(entry);
  }

  async quarantine(entry: Entry, reason: string): Promise<void> {
    this.#forget(entry);
    await this.#files.quarantine(entry, reason);
  }

  release(entry: Entry): void {
    if (isSameEntry(this.#inHand, entry)) this.#inHand = undefined;
  }

  /** What a broken disk keeps from the quarantine is still in the outbox. */
  counts(): ReturnType<Outbox['counts']> {
    return {
      ...sum(this.#index.counts(), this.#files.undone('quarantine')),
      quarantined: this.#parts.quarantine.count(),
    };
  }

  /** Every write is on disk when `add` resolves. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#files.stop();
    await this.#turn;
    await this.#parts.release();
  }

  async #add(request: Request, online: boolean): Promise<AddOutcome> {
    const { requestId, payload } = request;
    const refused = await this.#makeRoom({ bytes: payload.length, online });
    if (refused !== undefined) return refused;
    this.#sequence += 1;
    const entry = { sequence: this.#sequence, requestId, bytes: payload.length };
    const failed = await this.#files.write(entry, {
      request,
      storedAt: this.#parts.clock.now().toISOString(),
      storedAtSynchronised: this.#parts.clockSynchronised(),
    });
    if (failed !== undefined) return failed;
    this.#index.add(entry);
    return { kind: 'stored', entry };
  }

  /** `undefined` where one more may be written. */
  async #makeRoom(
    request: Parameters<typeof admitEntry>[2],
  ): Promise<Exclude<AddOutcome, { kind: 'stored' }> | undefined> {
    let stuck: Failed | undefined;
    for (;;) {
      const admission = await this.#admit(request);
      switch (admission.kind) {
        case 'admitted':
          return undefined;
        case 'refused':
        case 'failed':
          return admission;
        case 'dropOldest': {
          const victim = this.#index.victim(this.#inHand, this.#parts.clock.monotonicMs());
          if (victim === undefined) return stuck ?? { kind: 'refused', reason: admission.reason };
          const failed = await this.#drop(victim, admission.reason);
          // One file may be stuck; where a second one is as well, it is the disk.
          if (failed !== undefined && stuck !== undefined) return failed;
          stuck = failed ?? stuck;
          break;
        }
        default:
          unreachable(admission);
      }
    }
  }

  /** What nobody wants any more keeps no fresh request out. False where the oldest is wanted, or cannot be read or dropped. */
  async #dropOldestIfTooOld(): Promise<boolean> {
    const { bounds, clock } = this.#parts;
    const oldest = (): Entry | undefined => this.#index.victim(this.#inHand, clock.monotonicMs());
    const entry = bounds.maxAgeSeconds === 0 ? undefined : oldest();
    if (entry === undefined) return false;
    const read = await this.#files.read(entry);
    // It may have been sent while it was read.
    if (read.kind !== 'entry' || oldest()?.sequence !== entry.sequence) return false;
    return this.#isTooOld(read.stored) && (await this.#drop(entry, 'tooOld')) === undefined;
  }

  async #admit(request: Parameters<typeof admitEntry>[2]): Promise<Admission | Failed> {
    try {
      await this.#files.lookAtQuarantine();
      for (;;) {
        const freeBytes = await this.#parts.freeBytes();
        // Delivered, but the disk does not let go of them: they take their place as before.
        const occupied = sum(this.counts(), this.#files.undone('remove'));
        const admission = admitEntry(this.#parts.bounds, { ...occupied, freeBytes }, request);
        if (admission.kind === 'admitted' || !(await this.#dropOldestIfTooOld())) return admission;
      }
    } catch (error) {
      return this.#files.failed('store', error);
    }
  }

  async #drop(entry: Entry, reason: DropReason): Promise<Failed | undefined> {
    this.#forget(entry); // first: nobody may begin to send it meanwhile
    const failed = await this.#files.drop(entry, reason);
    if (failed === undefined) return undefined;
    this.#index.dropFailed(entry, this.#parts.clock.monotonicMs());
    return failed;
  }

  #isTooOld(stored: StoredRequest): boolean {
    const { bounds, clock, clockSynchronised } = this.#parts;
    if (bounds.maxAgeSeconds === 0 || !stored.storedAtSynchronised || !clockSynchronised()) return false;
    return clock.now().getTime() - Date.parse(stored.storedAt) > bounds.maxAgeSeconds * 1000;
  }

  #forget(entry: Entry): void {
    this.release(entry);
    this.#index.delete(entry);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined); // its caller has the error
    return result;
  }
}
