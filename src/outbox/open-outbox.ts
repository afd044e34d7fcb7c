// Opens the outbox folder for one writer: lock, folders, index. It never waits for another instance to end.
import { join } from 'node:path';
import type { Outbox } from '../domain.ts';
import { errorCode, errorMessage } from '../support/errors.ts';
import { openDurableFolder } from '../support/durable-file.ts';
import { freeBytes, makePrivateFolder } from '../support/files.ts';
import { acquireLock } from '../support/lock-file.ts';
import type { RunProcess } from '../support/run-process.ts';
import { loadOutbox, type OutboxParts } from './outbox.ts';
import { foreignFolder } from './outbox-place.ts';
import { openQuarantine, QUARANTINE_NAME } from './quarantine.ts';
import { freeReservedName, LOCK_NAME } from './reserved-names.ts';

export type OpenOutboxOutcome =
  | { readonly kind: 'open'; readonly outbox: Outbox }
  | { readonly kind: 'taken' }
  /** The folder is somebody else's, and stays as it is. */
  | { readonly kind: 'foreign'; readonly detail: string }
  | { readonly kind: 'failed'; readonly code: string; readonly detail: string };

export type OutboxOptions = Pick<OutboxParts, 'bounds' | 'clock' | 'clockSynchronised' | 'log'> & {
  readonly directory: string;
  readonly run: RunProcess;
  /** PATH, for the `flock` program. */
  readonly searchPath: string;
};

/** Never rejects: a folder that cannot be made, locked or listed is `failed` with the system's code. */
export async function openOutbox(options: OutboxOptions): Promise<OpenOutboxOutcome> {
  const { directory, run, searchPath } = options;
  let release: (() => Promise<void>) | undefined;
  try {
    const foreign = await foreignFolder(directory);
    if (foreign !== undefined) return { kind: 'foreign', detail: foreign };
    await makePrivateFolder(directory);
    const path = join(directory, LOCK_NAME);
    await freeReservedName(directory, { name: LOCK_NAME, kind: 'file' });
    const lock = await acquireLock({ path, run, searchPath });
    if (lock.kind !== 'held') return lock;
    release = lock.release;
    return { kind: 'open', outbox: await openLocked(options, release) };
  } catch (error) {
    await release?.();
    return { kind: 'failed', code: errorCode(error) ?? 'unknown', detail: errorMessage(error) };
  }
}

async function openLocked(options: OutboxOptions, release: () => Promise<void>): Promise<Outbox> {
  const { directory, log } = options;
  const folder = await openDurableFolder(directory);
  await freeReservedName(directory, { name: QUARANTINE_NAME, kind: 'folder' });
  const aside = await openDurableFolder(join(directory, QUARANTINE_NAME));
  // As much as the outbox may hold: setting requests aside is no way around its bounds, and loses no more than they allow.
  const bounds = {
    get maxFiles() {
      return options.bounds.maxEntries || 1;
    },
    get maxBytes() {
      return options.bounds.maxBytes;
    },
  };
  const quarantine = await openQuarantine(aside, bounds, log);
  return loadOutbox({ ...options, folder, quarantine, freeBytes: () => freeBytes(directory), release });
}
