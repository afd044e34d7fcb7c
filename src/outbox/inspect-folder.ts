// Looks at an outbox folder without opening it: takes no lock, makes, changes and removes nothing.
import { join } from 'node:path';
import type { Entry } from '../domain.ts';
import { listFolder, pathKind, readBoundedFile } from '../support/files.ts';
import { errorCode, OperatingError } from '../support/errors.ts';
import {
  decodeEntry,
  ENTRY_OVERHEAD_BYTES_MAX,
  parseDoomedFileName,
  parseEntryFileName,
  type StoredRequest,
} from './entry-file.ts';
import { REASON_SUFFIX } from './held.ts';
import { QUARANTINE_NAME } from './quarantine.ts';
import { LOST_AND_FOUND } from './reserved-names.ts';

export type Place = 'outbox' | 'quarantine';

/** A file in one of the two folders; `entry` is absent where its name is none that this program gives. */
export interface KeptFile {
  readonly place: Place;
  readonly name: string;
  readonly entry?: Entry;
}

export type OutboxListing =
  | {
      readonly kind: 'listed';
      readonly outbox: readonly KeptFile[];
      readonly quarantine: readonly KeptFile[];
    }
  | { readonly kind: 'absent' };

export type Inspected =
  | { readonly kind: 'intact'; readonly stored: StoredRequest }
  | { readonly kind: 'damaged'; readonly detail: string }
  /** Not an entry of this program. */
  | { readonly kind: 'foreign' }
  /** It went while we looked: delivered, dropped or moved by a daemon. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly code: string; readonly detail: string };

/** Reads the names only, in order of their sequence. Throws `OperatingError` where the folder cannot be read. */
export async function listOutbox(directory: string): Promise<OutboxListing> {
  const names = await namesIn(directory);
  if (names.length === 0) {
    const kind = await pathKind(directory);
    if (kind === 'absent') return { kind: 'absent' };
    if (kind !== 'folder') {
      const message = `Cannot read outbox ${directory}: it is no folder, outbox.directory names one`;
      throw new OperatingError(message, { code: 'ENOTDIR' });
    }
  }
  const aside = names.includes(QUARANTINE_NAME) ? await namesIn(join(directory, QUARANTINE_NAME)) : [];
  return {
    kind: 'listed',
    outbox: names
      .filter((name) => name !== QUARANTINE_NAME && name !== LOST_AND_FOUND)
      .map((name) => kept('outbox', name)),
    quarantine: withoutReasons(aside).map((name) => kept('quarantine', name)),
  };
}

/** Reads one file whole and checks its sum. Never rejects. */
export async function inspectFile(directory: string, file: KeptFile): Promise<Inspected> {
  const { entry } = file;
  if (entry === undefined) return { kind: 'foreign' };
  const read = await readBoundedFile(keptPath(directory, file), entry.bytes + ENTRY_OVERHEAD_BYTES_MAX);
  switch (read.kind) {
    case 'absent':
      return { kind: 'gone' };
    case 'tooLarge':
      return { kind: 'damaged', detail: `${read.bytes} bytes, its name says ${entry.bytes}` };
    case 'failed':
      return read.code === 'EINVAL' ? { kind: 'damaged', detail: read.detail } : read;
    case 'read': {
      const decoded = decodeEntry(read.bytes, entry);
      return decoded.kind === 'entry' ? { kind: 'intact', stored: decoded.stored } : decoded;
    }
  }
}

/** Why a file is in quarantine; `undefined` where nobody wrote it down. */
export async function quarantineReason(directory: string, file: KeptFile): Promise<string | undefined> {
  if (file.place !== 'quarantine') return undefined;
  const read = await readBoundedFile(`${keptPath(directory, file)}${REASON_SUFFIX}`, REASON_BYTES_MAX);
  return read.kind === 'read' ? Buffer.from(read.bytes).toString('utf8').trim() : undefined;
}

export function keptPath(directory: string, { place, name }: KeptFile): string {
  return place === 'outbox' ? join(directory, name) : join(directory, QUARANTINE_NAME, name);
}

export type Found =
  | { readonly kind: 'found'; readonly file: KeptFile }
  | { readonly kind: 'none' }
  | { readonly kind: 'several'; readonly files: readonly KeptFile[] };

/** By the beginning of the request id, or by the file's name; what waits in the outbox goes before its like aside. */
export function findKept(files: readonly KeptFile[], text: string): Found {
  const wanted = text.toLowerCase();
  const matching = files.filter(({ name, entry }) => name === text || entry?.requestId.startsWith(wanted));
  const [first] = matching;
  if (first === undefined) return { kind: 'none' };
  const ids = new Set(matching.map(({ name, entry }) => entry?.requestId ?? name));
  const nearest = matching.filter(({ place }) => place === first.place);
  return ids.size === 1 && nearest.length === 1
    ? { kind: 'found', file: first }
    : { kind: 'several', files: matching };
}

// A reason is one sentence; what is longer was not written by us.
const REASON_BYTES_MAX = 8 * 1024;

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    const names = await listFolder(folder);
    // A drop on its way out is recorded by the daemon, now or at its next start: it is nobody's any more.
    return names.filter((name) => !name.startsWith('.') && parseDoomedFileName(name) === undefined);
  } catch (error) {
    if (errorCode(error) !== 'EACCES') throw error;
    const message = `Cannot read outbox ${folder}: this user may not, its owner and root may (sudo)`;
    throw new OperatingError(message, { code: 'EACCES', cause: error });
  }
}

/** A reason whose file is gone stands for itself, so that somebody can purge it. */
function withoutReasons(names: readonly string[]): readonly string[] {
  const all = new Set(names);
  return names.filter(
    (name) => !name.endsWith(REASON_SUFFIX) || !all.has(name.slice(0, -REASON_SUFFIX.length)),
  );
}

function kept(place: Place, name: string): KeptFile {
  const entry = parseEntryFileName(name);
  return entry === undefined ? { place, name } : { place, name, entry };
}
