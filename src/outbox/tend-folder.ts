// Changes an outbox folder by a person's order: a request back from quarantine, or files gone for good. It sends nothing.
import { join } from 'node:path';
import { openDurableFolder } from '../support/durable-file.ts';
import { errorCode, errorMessage, OperatingError } from '../support/errors.ts';
import { pathKind, privateFolderOwner, removeWhole, resolveLink } from '../support/files.ts';
import { acquireLock } from '../support/lock-file.ts';
import type { RunProcess } from '../support/run-process.ts';
import { encodeEntry, entryFileName, type StoredRequest } from './entry-file.ts';
import { keptPath, type KeptFile, type OutboxListing } from './inspect-folder.ts';
import { REASON_SUFFIX } from './held.ts';
import { QUARANTINE_NAME } from './quarantine.ts';
import { LOCK_NAME } from './reserved-names.ts';

export interface TendOptions {
  /** Existing; a link to it is followed, one inside it is not. */
  readonly directory: string;
  readonly run: RunProcess;
  /** PATH, for the `flock` program. */
  readonly searchPath: string;
}

/** Every method throws `OperatingError` with what has to be so. */
export interface Tended {
  /** Of the folder itself, links resolved. */
  readonly path: string;
  /** The daemon's lock; `taken` while one runs. */
  lock(): Promise<
    { readonly kind: 'held'; readonly release: () => Promise<void> } | { readonly kind: 'taken' }
  >;
  /** On disk as the entry of this number, and out of quarantine, when it resolves. Needs the lock. */
  putBack(file: KeptFile, stored: StoredRequest, sequence: number): Promise<void>;
  /** False for a folder: somebody made it by hand, and what is in it is theirs. Entries need the lock. */
  remove(file: KeptFile): Promise<boolean>;
  /** Makes removed entries stay removed, also after a power cut. Needs the lock. */
  flush(): Promise<void>;
}

/** Throws `OperatingError` where the folders are not private ones of one owner: another user could lead root elsewhere. */
export async function tendOutbox({ directory, run, searchPath }: TendOptions): Promise<Tended> {
  const path = (await resolveLink(directory)) ?? directory;
  const quarantine = join(path, QUARANTINE_NAME);
  const owner = await privateFolderOwner(path);
  const hasQuarantine = (await pathKind(quarantine)) !== 'absent';
  if (owner === undefined || (hasQuarantine && (await privateFolderOwner(quarantine)) !== owner)) {
    const message = `Cannot change outbox ${path}: it and its quarantine have to be private folders (0700) of one owner`;
    throw new OperatingError(message, { code: 'EPERM' });
  }
  return {
    path,
    lock: () => takeLock({ path: join(path, LOCK_NAME), run, searchPath }),
    async putBack(file, stored, sequence) {
      const { requestId, payload } = stored.request;
      const name = entryFileName({ sequence, requestId, bytes: payload.length });
      // Written anew, not moved: it then has the owner and the mode that a daemon asks for, whoever left it here. A power
      // cut before the removal leaves it in both places, and the far side folds the repeat by its id.
      await changing(path, async () => (await openDurableFolder(path)).write(name, encodeEntry(stored)));
      await removeKept(path, file);
    },
    async remove(file) {
      if ((await pathKind(keptPath(path, file))) === 'folder') return false;
      await removeKept(path, file);
      return true;
    },
    flush: () => changing(path, async () => (await openDurableFolder(path)).flush()),
  };
}

/** After all others, also after those aside: a number is never given twice. */
export function nextSequence({ outbox, quarantine }: OutboxListing & { kind: 'listed' }): number {
  return [...outbox, ...quarantine].reduce((last, { entry }) => Math.max(last, entry?.sequence ?? 0), 0) + 1;
}

async function takeLock(options: Parameters<typeof acquireLock>[0]): ReturnType<Tended['lock']> {
  const lock = await acquireLock(options);
  if (lock.kind !== 'failed') return lock;
  const message = `Cannot lock outbox by ${options.path}: ${lock.code}, ${lock.detail}; ${WHO_MAY}`;
  throw new OperatingError(message, { code: lock.code });
}

const WHO_MAY = "the folder's owner and root may (sudo)";

async function changing(path: string, change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    const message = `Cannot change outbox ${path}: ${errorMessage(error)}; ${WHO_MAY}`;
    throw new OperatingError(message, { code, cause: error });
  }
}

async function removeKept(path: string, file: KeptFile): Promise<void> {
  const at = keptPath(path, file);
  const all = file.place === 'quarantine' ? [at, `${at}${REASON_SUFFIX}`] : [at];
  for (const one of all) {
    const removed = await removeWhole(one);
    if (removed.kind === 'removed') continue;
    const message = `Cannot remove ${one}: ${removed.detail}; ${WHO_MAY}`;
    throw new OperatingError(message, { code: 'EPERM' });
  }
}
