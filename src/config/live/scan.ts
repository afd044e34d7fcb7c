// Looks at the files of a configuration without reading them: which there are, and whether one has changed since.
import { dirname, join } from 'node:path';
import { listFolder, pathKind, readBoundedFile, resolveLink } from '../../support/files.ts';
import { fileIdentity, folderIdentity } from '../../support/watch-files.ts';

/** One look at all `--config` paths; two looks with equal `identity` saw the same files. */
export interface Scan {
  readonly identity: string;
  /** The same without the `local` files, which belong to the machine and come with no delivery. */
  readonly delivered: string;
  /** What the `generation` files say; absent where there is none. */
  readonly generation?: string;
  /** By path with their identity: the folders to watch. */
  readonly folders: ReadonlyMap<string, string>;
}

export const GENERATION_NAME = 'generation';
/** Of an id; a longer one, or one with other characters, counts as none. */
const GENERATION = /^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/;
const GENERATION_BYTES_MAX = 130; // with the line end that editors and echo(1) add
const SUBFOLDERS = ['', 'groups', 'devices', 'next', 'next/groups', 'next/devices'];
// Not hidden: rsync's temporary files and git's folder are.
const LAYER_FILE = /^[^.].*\.(?:json|yaml|yml)$/;
const LOCAL_FILE = /^local\.(?:json|yaml|yml)$/;

/** Never rejects: what cannot be looked at is a fact of the scan. */
export async function scanTree(paths: readonly string[]): Promise<Scan> {
  const looks = await Promise.all(paths.map(look));
  const marks = looks.flatMap((each) => each.marks);
  const generations = looks.flatMap(({ generation }) => generation ?? []);
  return {
    identity: joined(marks),
    delivered: joined(marks.filter(({ local }) => !local)),
    ...(generations.length === 0 ? {} : { generation: generations.join(' ') }),
    folders: new Map(looks.flatMap(({ folders }) => folders)),
  };
}

interface Mark {
  readonly text: string;
  readonly local: boolean;
}

interface Look {
  readonly marks: readonly Mark[];
  readonly generation?: string;
  readonly folders: readonly (readonly [string, string])[];
}

async function look(path: string): Promise<Look> {
  const real = (await resolveLink(path)) ?? path;
  // A link, or a path through one, is led elsewhere by a change in the folder that holds it.
  const holder = real === path ? [] : [await folderMark(dirname(path))];
  if ((await pathKind(real)) !== 'folder') {
    const text = `${path} ${real} ${await fileIdentity(real)}`;
    return { marks: [{ text, local: true }], folders: [...holder, await folderMark(dirname(real))] };
  }
  const inner = await Promise.all(SUBFOLDERS.map((below) => lookInto(real, below)));
  const generation = await readGeneration(join(real, GENERATION_NAME));
  return {
    marks: [{ text: `${path} ${real}`, local: false }, ...inner.flatMap(({ marks }) => marks)],
    folders: [...holder, ...inner.flatMap(({ folder }) => [folder])],
    ...(generation === undefined ? {} : { generation }),
  };
}

async function lookInto(
  root: string,
  below: string,
): Promise<{ readonly marks: readonly Mark[]; readonly folder: readonly [string, string] }> {
  const folder = join(root, below);
  const mark = await folderMark(folder);
  const names = (await namesIn(folder)).filter(
    (name) => LAYER_FILE.test(name) || (below === '' && name === GENERATION_NAME),
  );
  const marks = await Promise.all(
    names.map(async (name) => ({
      text: `${join(folder, name)} ${await fileIdentity(join(folder, name))}`,
      local: below === '' && LOCAL_FILE.test(name),
    })),
  );
  return { marks: [{ text: mark.join(' '), local: false }, ...marks], folder: mark };
}

async function folderMark(path: string): Promise<readonly [string, string]> {
  return [path, await folderIdentity(path)];
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await listFolder(folder);
  } catch {
    return []; // one that may not be listed; whoever loads it says so
  }
}

async function readGeneration(path: string): Promise<string | undefined> {
  const file = await readBoundedFile(path, GENERATION_BYTES_MAX);
  const text = file.kind === 'read' ? Buffer.from(file.bytes).toString('latin1').trim() : '';
  return GENERATION.test(text) ? text : undefined;
}

function joined(marks: readonly Mark[]): string {
  return marks.map(({ text }) => text).join('\n');
}
