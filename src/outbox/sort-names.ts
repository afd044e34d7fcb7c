// Tells the names in an outbox folder apart; it touches no file.
import type { Entry } from '../domain.ts';
import { parseDoomedFileName, parseEntryFileName, type DoomedFile } from './entry-file.ts';
import { QUARANTINE_NAME } from './quarantine.ts';
import { LOST_AND_FOUND } from './reserved-names.ts';

export interface SortedNames {
  readonly entries: readonly Entry[];
  /** Drops that a crash cut in two. */
  readonly doomed: readonly DoomedFile[];
  readonly strangers: readonly string[];
}

/** Keeps the order of the names. */
export function sortNames(names: readonly string[]): SortedNames {
  const entries: Entry[] = [];
  const doomed: DoomedFile[] = [];
  const strangers: string[] = [];
  for (const name of names) {
    const entry = parseEntryFileName(name);
    const doomedFile = parseDoomedFileName(name);
    if (entry !== undefined) entries.push(entry);
    else if (doomedFile !== undefined) doomed.push(doomedFile);
    else if (name !== QUARANTINE_NAME && name !== LOST_AND_FOUND) strangers.push(name);
  }
  return { entries, doomed, strangers };
}
