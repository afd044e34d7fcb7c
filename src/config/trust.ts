// Decides whose files are believed, by owner, permissions and place; it changes none of them and reads no content.
import { dirname } from 'node:path';
import { ALLOWED } from './allowed.ts';
import type { FileSource } from './file-source.ts';
import { fileProblem, formatProblem, type Problem } from './problem.ts';

export interface Trust {
  /** The service's user (numeric); root and the owner of the configuration folder are trusted as well. */
  readonly userId: number;
  /** `warn` where a tree is checked on a machine that will not run it: a git checkout may have other permissions. */
  readonly untrusted: 'refuse' | 'warn';
  /** Owner and permissions of a folder, from its opened descriptor; `undefined` where it cannot be opened. */
  readonly folderOwner: (path: string) => Promise<Owner | undefined>;
}

export interface Owner {
  readonly ownerUid: number;
  /** The permission bits. */
  readonly mode: number;
}

/** The gate of one configuration folder, or of one file that somebody named. */
export interface Gate {
  /** Links resolved: all of one load is read from one place, though a link is led elsewhere meanwhile. */
  readonly root: string;
  /** Where a file really is; a problem for one that a link leads out of the folder. `absent` also for a link to nothing. */
  place(path: string): Promise<{ readonly path: string } | { readonly problem: Problem } | 'absent'>;
  /** What is wrong with an opened file's owner, and with the folders above it that were not yet reported. */
  objections(path: string, owner: Owner): Promise<readonly Problem[]>;
}

/** The words for an objection where it does not stand in the way. */
export function objectionWarning(problem: Problem): string {
  return `A device would refuse this: ${formatProblem(problem)}`;
}

/** The gate of a folder, with what is wrong with the folder itself. Without `trust` everything is believed. */
export async function folderGate(
  path: string,
  files: FileSource,
  trust: Trust | undefined,
): Promise<{ readonly gate: Gate; readonly problems: readonly Problem[] }> {
  const root = (await files.resolve(path)) ?? path;
  const own = await trust?.folderOwner(root);
  const trusted = trust && new Set([0, trust.userId, ...(own === undefined ? [] : [own.ownerUid])]);
  const seen = new Set<string>();
  const folderProblems = async (folder: string): Promise<readonly Problem[]> => {
    if (seen.has(folder)) return [];
    seen.add(folder);
    const owner = await trust?.folderOwner(folder);
    return owner === undefined ? [] : ownerProblems(folder, owner, trusted);
  };
  const gate: Gate = {
    root,
    async place(inner) {
      const real = await files.resolve(inner);
      if (real === undefined) return 'absent';
      if (trust === undefined || isBelow(real, root)) return { path: real };
      const found = `it is a link to ${real}`;
      return { problem: fileProblem(inner, found, ALLOWED.linkInside(root)) };
    },
    async objections(inner, owner) {
      const folders = foldersBetween(root, inner).map(folderProblems);
      return [...ownerProblems(inner, owner, trusted), ...(await Promise.all(folders)).flat()];
    },
  };
  return { gate, problems: await folderProblems(root) };
}

/** The gate of one file that was named by itself: its owner counts, its folder and where it leads do not. */
export function fileGate(files: FileSource, trust: Trust | undefined): Gate {
  const trusted = trust && new Set([0, trust.userId]);
  return {
    root: '',
    place: async (path) => {
      const real = await files.resolve(path);
      return real === undefined ? 'absent' : { path: real };
    },
    objections: (path, owner) => Promise.resolve(ownerProblems(path, owner, trusted)),
  };
}

const GROUP_OR_OTHERS_WRITE = 0o022;

function ownerProblems(
  path: string,
  { ownerUid, mode }: Owner,
  trusted: ReadonlySet<number> | undefined,
): readonly Problem[] {
  if (trusted === undefined) return [];
  const problems: Problem[] = [];
  if (!trusted.has(ownerUid)) {
    const owners = [...trusted].map((uid) => (uid === 0 ? 'root' : `user ${String(uid)}`)).join(' or ');
    const remedy = `chown root ${shellWord(path)}`;
    problems.push(fileProblem(path, `its owner is user ${String(ownerUid)}`, ALLOWED.owner(owners, remedy)));
  }
  if ((mode & GROUP_OR_OTHERS_WRITE) !== 0) {
    const found = `its permissions ${(mode & 0o7777).toString(8)} let its group or everybody write`;
    problems.push(fileProblem(path, found, ALLOWED.ownerWrites(`chmod go-w ${shellWord(path)}`)));
  }
  return problems;
}

function isBelow(path: string, root: string): boolean {
  return path.startsWith(root === '/' ? root : `${root}/`);
}

/** The folders above `path`, up to and without `root`. */
function foldersBetween(root: string, path: string): readonly string[] {
  const folders: string[] = [];
  for (let at = dirname(path); isBelow(at, root); at = dirname(at)) folders.push(at);
  return folders;
}

/** A path as one types it into a shell. */
function shellWord(path: string): string {
  return /^[\w./:@%+,=-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
