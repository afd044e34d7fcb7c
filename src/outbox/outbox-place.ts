// Whether a folder may become an outbox, which closes it to everybody else; it makes and changes nothing.
import { join } from 'node:path';
import { kindOf } from '../support/durable-file.ts';
import { errorMessage } from '../support/errors.ts';
import { listFolder } from '../support/files.ts';
import { folderOwner, mayWriteIn } from '../support/folder-owner.ts';
import { escapeInvisible } from '../support/visible-text.ts';
import { parseDoomedFileName, parseEntryFileName } from './entry-file.ts';
import { QUARANTINE_NAME } from './quarantine.ts';
import { LOCK_NAME, LOST_AND_FOUND } from './reserved-names.ts';

/**
 * Why `directory` is somebody else's folder; `undefined` for a new, an empty, a private one, and for an outbox that came
 * back from a backup with other permissions. Rejects where it cannot be listed.
 */
export async function foreignFolder(directory: string): Promise<string | undefined> {
  // What is no folder, or not there, is left to whoever makes it.
  const mode = (await folderOwner(directory))?.mode ?? 0;
  if ((mode & OTHERS) === 0) return undefined;
  const names = await listFolder(directory);
  if (await isOutbox(directory, names)) return undefined;
  const others = names.filter((name) => name !== LOST_AND_FOUND && name !== QUARANTINE_NAME);
  // A sticky folder is a place for everybody, also while nobody has anything in it.
  if (others.length === 0 && (mode & STICKY) === 0) return undefined;
  return (
    `it is no private folder (${mode.toString(8)}) and ${contents(others)}; ` +
    `name an empty or new folder, e.g. ${escapeInvisible(join(directory, 'shutterd-outbox'))}`
  );
}

/** Whether an outbox can be opened there, or made; else why not. */
export async function mayHoldOutbox(directory: string): Promise<'yes' | { readonly detail: string }> {
  const writable = await mayWriteIn(directory);
  if (writable !== 'yes') return writable;
  try {
    const foreign = await foreignFolder(directory);
    return foreign === undefined ? 'yes' : { detail: foreign };
  } catch (error) {
    return { detail: errorMessage(error) };
  }
}

const OTHERS = 0o077;
const STICKY = 0o1000;
const SHOWN_MAX = 3;
const SHOWN_CHARACTERS_MAX = 40;

/** By what only a daemon leaves: its lock, or an entry. */
async function isOutbox(directory: string, names: readonly string[]): Promise<boolean> {
  const kept = (name: string): boolean =>
    parseEntryFileName(name) !== undefined || parseDoomedFileName(name) !== undefined;
  if (names.some(kept)) return true;
  return names.includes(LOCK_NAME) && (await kindOf(join(directory, LOCK_NAME))) === 'file';
}

function contents(names: readonly string[]): string {
  if (names.length === 0) return 'is for everybody';
  const shown = names.slice(0, SHOWN_MAX).map(shortened);
  const more = names.length - shown.length;
  return `holds ${shown.join(', ')}${more === 0 ? '' : ` and ${String(more)} more`}`;
}

function shortened(name: string): string {
  const visible = escapeInvisible(name);
  return visible.length > SHOWN_CHARACTERS_MAX ? `${visible.slice(0, SHOWN_CHARACTERS_MAX - 3)}...` : visible;
}
