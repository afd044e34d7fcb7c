// Where files go that can never be sent or read, bounded and with their reason; nothing comes back out by itself.
import { join } from 'node:path';
import type { DurableFolder } from '../support/durable-file.ts';
import { errorCode } from '../support/errors.ts';
import { pathKind } from '../support/files.ts';
import type { Log } from '../support/log.ts';
import { doomedFileName, entryFileName, parseDoomedFileName, parseEntryFileName } from './entry-file.ts';
import { Held, REASON_SUFFIX, type QuarantineBounds } from './held.ts';

/** Its folder's name inside the outbox folder. */
export const QUARANTINE_NAME = 'quarantine';

/** Every method rejects with the system error, and may then be called again. */
export interface Quarantine {
  /** Moves an entry here under a name that is free; that name, or `undefined` where its file is gone or cannot be moved. */
  take(from: DurableFolder, file: QuarantinedEntry): Promise<string | undefined>;
  /** Writes the reason beside it, flushes, and lets go of the oldest beyond the bounds. */
  settle(name: string, reason: string): Promise<void>;
  /** Moves files here that are no entries, all with one line in the log. */
  takeStrangers(from: DurableFolder, names: readonly string[]): Promise<void>;
  count(): number;
  /** Ends the drops that a crash cut in two, and lets go of reasons whose entry is not here. */
  finishDrops(): Promise<void>;
  /** Looks what is left: `shutterd outbox purge` works beside the daemon. */
  refresh(): Promise<void>;
  /** The highest number of an entry that is here. */
  lastSequence(): number;
}

export interface QuarantinedEntry {
  readonly name: string;
  readonly requestId: string;
  readonly bytes: number;
  readonly reason: string;
}

export async function openQuarantine(
  folder: DurableFolder,
  bounds: QuarantineBounds,
  log: Log,
): Promise<Quarantine> {
  const held = new Held();
  const names = await folder.list();
  held.orphans.push(...orphansOf(names));
  for (const name of names) {
    const doomed = parseDoomedFileName(name);
    if (doomed !== undefined) held.leaving.push({ ...doomed, told: false });
    else if (!name.endsWith(REASON_SUFFIX)) held.add(name);
  }
  const parts = { folder, bounds, log, held };
  return {
    count: () => held.names.size,
    lastSequence: () => held.lastSequence(),
    finishDrops: () => finishDrops(parts),
    refresh: () => refresh(parts),
    async take(from, { name, ...entry }) {
      const target = held.freeName(name);
      const moved = await moveIfFree(from, name, { folder, target });
      if (moved === 'gone') {
        log.warn('request.dropped', { ...entry, file: name, reason: 'fileGone', accepted: true });
        return undefined;
      }
      if (moved === 'left') {
        log.warn('request.quarantined', { ...entry, file: name, reason: `${entry.reason}; ${LEFT}` });
        return undefined;
      }
      held.add(target);
      log.warn('request.quarantined', { ...entry, file: target });
      return target;
    },
    async settle(name, reason) {
      if (held.names.has(name)) await folder.write(`${name}${REASON_SUFFIX}`, [Buffer.from(`${reason}\n`)]);
      await removeOverflow(parts);
    },
    takeStrangers: (from, names) => takeStrangers(parts, from, names),
  };
}

interface Parts {
  readonly folder: DurableFolder;
  readonly bounds: QuarantineBounds;
  readonly log: Log;
  readonly held: Held;
}

/** Only what we knew before can be missing: somebody may be brought in while the folder is listed. */
async function refresh({ folder, held }: Parts): Promise<void> {
  const known = [...held.names];
  const there = new Set(await listOf(folder));
  for (const name of known) if (!there.has(name)) held.delete(name);
}

/** Nothing where somebody removed the folder; it is made again with the next file. */
async function listOf(folder: DurableFolder): Promise<readonly string[]> {
  try {
    return await folder.list();
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return [];
  }
}

async function takeStrangers(parts: Parts, from: DurableFolder, names: readonly string[]): Promise<void> {
  const { folder, log, held } = parts;
  const taken: string[] = [];
  const left: string[] = [];
  let removed = 0;
  try {
    for (const name of names) {
      const target = held.freeName(name);
      const moved = await moveIfFree(from, name, { folder, target });
      if (moved === 'left') left.push(name);
      if (moved !== 'moved') continue;
      held.add(target);
      taken.push(target);
    }
    if (taken.length > 0) await folder.flush();
    removed = await removeOverflow(parts);
  } finally {
    tellOfStrangers(log, taken, { removed, reason: STRANGE });
    tellOfStrangers(log, left, { reason: `${STRANGE}; ${LEFT}` });
  }
}

const STRANGE = 'not an entry of this program';
const LEFT = 'left where it is, because it cannot be moved';

/** The first of them stands for all. */
function tellOfStrangers(
  log: Log,
  files: readonly string[],
  fields: Readonly<Record<string, unknown>>,
): void {
  const [file] = files;
  if (file !== undefined) log.warn('request.quarantined', { file, files: files.length, ...fields });
}

/** `gone`: also where an earlier try moved it. `left`: that file alone refuses, which is no fault of the disk. */
async function moveIfFree(
  from: DurableFolder,
  name: string,
  to: { readonly folder: DurableFolder; readonly target: string },
): Promise<'moved' | 'gone' | 'left'> {
  try {
    await from.move(name, to.folder, to.target);
    return 'moved';
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return (await isMisread(from, name)) ? 'left' : 'gone';
    // A folder of another user, which rename(2) would have to change; a file that chattr(1) froze; a mount point.
    if (code === 'EACCES' || code === 'EPERM' || code === 'EBUSY') return 'left';
    throw error;
  }
}

/** A name that is no UTF-8 is listed with replacement characters, and no call finds it under that name. */
async function isMisread(from: DurableFolder, name: string): Promise<boolean> {
  return name.includes('\uFFFD') && (await from.list()).includes(name);
}

/** How many files went that were no entries; each entry that goes is a recorded drop of its own. */
async function removeOverflow(parts: Parts): Promise<number> {
  const { folder, bounds, held } = parts;
  if (held.isOver(bounds)) await refresh(parts);
  let strangers = 0;
  for (const name of [...held.names]) {
    if (!held.isOver(bounds)) break;
    // A folder was made by hand, and what is in it is theirs.
    if ((await pathKind(join(folder.path, name))) === 'folder') continue;
    const entry = parseEntryFileName(name);
    if (entry === undefined) {
      await folder.remove(name);
      strangers += 1;
    } else {
      const moved = await moveIfFree(folder, name, { folder, target: doomedFileName(name, REASON) });
      if (moved === 'left') continue;
      if (moved === 'moved') held.leaving.push({ entry, reason: REASON, told: false });
    }
    held.delete(name);
  }
  await finishDrops(parts);
  return strangers;
}

const REASON = 'quarantineFull';

/** Wherever the process is killed, the drop is recorded, and what was recorded does not come back. */
async function finishDrops({ folder, log, held }: Parts): Promise<void> {
  if (held.leaving.some(({ told }) => !told)) await folder.flush();
  for (let leaving = held.leaving[0]; leaving !== undefined; leaving = held.leaving[0]) {
    const { entry, reason, told } = leaving;
    const file = entryFileName(entry);
    const { requestId, bytes } = entry;
    if (!told) log.warn('request.dropped', { requestId, bytes, file, reason, accepted: true });
    leaving.told = true;
    await folder.remove(doomedFileName(file, reason));
    await folder.remove(`${file}${REASON_SUFFIX}`);
    held.leaving.shift();
  }
  for (let orphan = held.orphans[0]; orphan !== undefined; orphan = held.orphans[0]) {
    await folder.remove(orphan);
    held.orphans.shift();
  }
}

/** A power cut may undo the move of an entry and not the writing of its reason, or end the entry alone. */
function orphansOf(names: readonly string[]): readonly string[] {
  const there = new Set(names);
  const entryOf = (name: string): string => name.slice(0, -REASON_SUFFIX.length);
  return names.filter(
    (name) =>
      name.endsWith(REASON_SUFFIX) &&
      parseEntryFileName(entryOf(name)) !== undefined &&
      !there.has(entryOf(name)),
  );
}
