// The raw files of one configuration tree as they were read: taken, told apart by their hash, given to be loaded again. It judges none.
import { createHash } from 'node:crypto';
import { isAbsolute, join, relative } from 'node:path';
import { readBoundedFile, resolveLink } from '../../support/files.ts';
import { FILE_BYTES_MAX } from '../allowed.ts';
import { filesInMemory, type FileSource } from '../file-source.ts';

export interface KeptFile {
  /** Which of the `--config` paths it is in. */
  readonly source: number;
  /** Inside that folder; empty where the path is the file itself. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface KeptTree {
  readonly files: readonly KeptFile[];
  /** SHA-256 (hex) of the files' places and bytes. */
  readonly hash: string;
  /** The same without the `local` files. */
  readonly deliveredHash: string;
  readonly generation?: string;
}

/** The files that were read, again; `undefined` where one is gone meanwhile. */
export async function takeTree(
  paths: readonly string[],
  read: readonly string[],
  generation: string | undefined,
): Promise<KeptTree | undefined> {
  const roots = await Promise.all(paths.map(async (path) => (await resolveLink(path)) ?? path));
  const files: KeptFile[] = [];
  for (const file of new Set(read)) {
    const place = placeOf(file, paths, roots);
    const content = await readBoundedFile(file, FILE_BYTES_MAX);
    if (content.kind !== 'read' || place === undefined) return undefined;
    files.push({ ...place, bytes: content.bytes });
  }
  return treeOfFiles(files, generation);
}

export function treeOfFiles(files: readonly KeptFile[], generation: string | undefined): KeptTree {
  return {
    files,
    hash: hashOf(files),
    deliveredHash: hashOf(files.filter((file) => !isLocal(file))),
    ...(generation === undefined ? {} : { generation }),
  };
}

/** The files as they lay below these `--config` paths, to be loaded without a disk that may be full or gone. */
export function filesOf(tree: KeptTree, paths: readonly string[]): FileSource {
  const byPath = new Map(
    tree.files.map(({ source, path, bytes }) => [join(paths[source] ?? '', path), bytes] as const),
  );
  return filesInMemory(
    byPath,
    paths.filter((path) => !byPath.has(path)),
  );
}

function placeOf(
  file: string,
  paths: readonly string[],
  roots: readonly string[],
): Pick<KeptFile, 'source' | 'path'> | undefined {
  const itself = paths.indexOf(file);
  if (itself >= 0) return { source: itself, path: '' };
  const source = roots.findIndex((root) => isInside(relative(root, file)));
  return source < 0 ? undefined : { source, path: relative(roots[source] ?? '', file) };
}

function isInside(path: string): boolean {
  return path !== '' && path.split('/')[0] !== '..' && !isAbsolute(path);
}

/** A file that was named by itself belongs to the machine, too. */
export function isLocal({ path }: KeptFile): boolean {
  return path === '' || /^local\.[a-z]+$/.test(path);
}

function hashOf(files: readonly KeptFile[]): string {
  const hash = createHash('sha256');
  for (const { source, path, bytes } of files)
    hash.update(`${source}/${path}\0${bytes.length}\0`).update(bytes);
  return hash.digest('hex');
}
