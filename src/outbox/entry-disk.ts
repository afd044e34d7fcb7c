// What is done to the files of entries one by one: read and checked, or removed; here by Node's thread pool. It decides nothing.
import type { Entry } from '../domain.ts';
import type { DurableFolder } from '../support/durable-file.ts';
import { errorCode } from '../support/errors.ts';
import type { Room } from '../support/read-regular.ts';
import { decodeEntry, ENTRY_OVERHEAD_BYTES_MAX, entryFileName, type DecodedEntry } from './entry-file.ts';

/** Both reject with the system error of the call that failed. */
export interface EntryDisk {
  /** `spare`: memory that nobody uses any more; what the entry lies in afterwards may be this or another. */
  load(entry: Entry, spare?: ArrayBuffer): Promise<Loaded>;
  /** Removing what is gone is harmless. */
  remove(name: string): Promise<void>;
}

export interface Loaded {
  readonly decoded: DecodedEntry;
  /** Where its file was read into. */
  readonly memory: ArrayBuffer | undefined;
}

// So that payloads of about one size fit each other's memory.
const ROOM_STEP_BYTES = 32 * 1024;

export function poolDisk(folder: Pick<DurableFolder, 'read' | 'remove'>): EntryDisk {
  return {
    async load(entry, spare) {
      try {
        return checked(await folder.read(entryFileName(entry), maxFileBytes(entry), roomIn(spare)), entry);
      } catch (error) {
        return goneOrThrow(error);
      }
    },
    remove: (name) => folder.remove(name),
  };
}

export function maxFileBytes(entry: Entry): number {
  return entry.bytes + ENTRY_OVERHEAD_BYTES_MAX;
}

/** Memory for a file: what is spare where that is enough. */
export function roomIn(spare: ArrayBuffer | undefined): Room {
  return (bytes) =>
    spare !== undefined && spare.byteLength >= bytes
      ? new Uint8Array(spare)
      : Buffer.allocUnsafeSlow(Math.ceil(bytes / ROOM_STEP_BYTES) * ROOM_STEP_BYTES);
}

/** `bytes`: of a regular file of the right size and owner. */
export function checked(bytes: Uint8Array<ArrayBuffer> | undefined, entry: Entry): Loaded {
  return bytes === undefined
    ? damaged('not a regular file of its size and owner')
    : { decoded: decodeEntry(bytes, entry), memory: bytes.buffer };
}

export function goneOrThrow(error: unknown): Loaded {
  if (errorCode(error) === 'ENOENT') return damaged('its file is gone');
  throw error;
}

function damaged(detail: string): Loaded {
  return { decoded: { kind: 'damaged', detail }, memory: undefined };
}
