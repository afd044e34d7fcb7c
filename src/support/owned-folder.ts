// Temporary folders that say whose they are, so that one whose process was killed goes at the next start; no other folder is touched.
import { join } from 'node:path';
import { OperatingError } from './errors.ts';
import {
  listFolder,
  makeTemporaryFolder,
  privateFolderOwner,
  readBoundedFile,
  readSystemText,
  removeWhole,
  TEMPORARY_PREFIX,
  writeFile,
} from './files.ts';

export interface OwnedFolder {
  readonly path: string;
  /** Harmless twice. What cannot be removed now goes at a later start. Never rejects. */
  remove(): Promise<void>;
}

/** Makes a fresh 0700 folder below `parent` for as long as this process lives. */
export async function makeOwnedFolder(parent: string): Promise<OwnedFolder> {
  const { path } = await makeTemporaryFolder(parent);
  const owner = await thisProcess();
  if (owner !== undefined) await writeFile(join(path, OWNER_NAME), Buffer.from(`${owner}\n`));
  return {
    path,
    async remove() {
      await removeWhole(path);
    },
  };
}

/** Removes the folders that processes of this user made below `parent` and left when they were killed. Never rejects. */
export async function removeAbandonedFolders(parent: string, userId: number): Promise<void> {
  for (const name of await temporaryFolders(parent)) {
    const path = join(parent, name);
    // Whoever else may write into a folder could lead its removal elsewhere.
    if ((await privateFolderOwner(path)) === userId && (await isAbandoned(path))) await removeWhole(path);
  }
}

const OWNER_NAME = 'owner';
const OWNER_BYTES_MAX = 200;
/** proc_pid_stat(5): 52 numbers and a name. */
const STAT_BYTES_MAX = 4096;
/** Boot, process id, and its start in clock ticks since the boot: ids come round again, the three together do not. */
const OWNER = /^([0-9a-f-]{36}) (\d+) (\d+)\n$/;

async function thisProcess(): Promise<string | undefined> {
  const boot = await bootId();
  const stat = await readSystemText('/proc/self/stat');
  return boot === undefined || stat === undefined
    ? undefined
    : `${boot} ${stat.split(' ', 1).join('')} ${startOf(stat)}`;
}

function bootId(): Promise<string | undefined> {
  return readSystemText('/proc/sys/kernel/random/boot_id');
}

/** proc_pid_stat(5), field 22; the name in parentheses may hold anything, field 3 follows the last one. */
function startOf(stat: string): string {
  return fieldsOf(stat)[22 - 3] ?? '';
}

function fieldsOf(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

async function temporaryFolders(parent: string): Promise<readonly string[]> {
  try {
    return (await listFolder(parent)).filter((name) => name.startsWith(TEMPORARY_PREFIX));
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return []; // a folder that we may not list can still be one that we may write to
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const file = await readBoundedFile(join(path, OWNER_NAME), OWNER_BYTES_MAX);
  const owner = file.kind === 'read' ? OWNER.exec(Buffer.from(file.bytes).toString('latin1')) : null;
  const boot = await bootId();
  if (owner === null || boot === undefined) return false;
  const [, itsBoot, pid = '', start] = owner;
  if (itsBoot !== boot) return true;
  const stat = await readBoundedFile(join('/proc', pid, 'stat'), STAT_BYTES_MAX);
  if (stat.kind === 'absent') return true;
  if (stat.kind !== 'read') return false; // no descriptor is free, say: nothing is known of it
  const text = Buffer.from(stat.bytes).toString('latin1').trim();
  return startOf(text) !== start || 'ZX'.includes(fieldsOf(text)[0] ?? '');
}
