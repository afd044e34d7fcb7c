// Where layer files are read from: the disk, or bytes that were kept of one. It parses and judges nothing.
import { join } from 'node:path';
import {
  listFolder,
  pathKind,
  readBoundedFile,
  resolveLink,
  type FileRead,
  type PathKind,
} from '../support/files.ts';

export interface FileSource {
  read(path: string, maxBytes: number): Promise<FileRead>;
  /** Names in a folder, sorted; empty where there is no such folder. Rejects where it may not be listed. */
  list(folder: string): Promise<readonly string[]>;
  kind(path: string): Promise<PathKind>;
  /** Where a link ends; `undefined` where it leads nowhere. */
  resolve(path: string): Promise<string | undefined>;
}

export const DISK: FileSource = Object.freeze({
  read: readBoundedFile,
  list: listFolder,
  kind: pathKind,
  resolve: resolveLink,
});

/** Files by path, as if they lay there; `folders` are there even where they hold none. */
export function filesInMemory(
  files: ReadonlyMap<string, Uint8Array>,
  folders: readonly string[],
): FileSource {
  const kindOf = (path: string): PathKind => {
    if (files.has(path)) return 'file';
    const isFolder = folders.includes(path) || [...files.keys()].some((file) => file.startsWith(`${path}/`));
    return isFolder ? 'folder' : 'absent';
  };
  return {
    read(path, maxBytes) {
      const bytes = files.get(path);
      if (bytes === undefined) return Promise.resolve({ kind: 'absent' });
      if (bytes.length > maxBytes) return Promise.resolve({ kind: 'tooLarge', bytes: bytes.length });
      return Promise.resolve({ kind: 'read', bytes, mode: 0o600, ownerUid: 0 });
    },
    list(folder) {
      const names = [...files.keys()].flatMap((file) => nameBelow(folder, file) ?? []);
      return Promise.resolve([...new Set(names)].sort());
    },
    kind: (path) => Promise.resolve(kindOf(path)),
    resolve: (path) => Promise.resolve(kindOf(path) === 'absent' ? undefined : path),
  };
}

function nameBelow(folder: string, file: string): string | undefined {
  const prefix = join(folder, '/');
  return file.startsWith(prefix) ? file.slice(prefix.length).split('/')[0] : undefined;
}
