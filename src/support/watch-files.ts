// Tells that something in a folder has changed, and whether a file is still the same; it reads no content.
import { watch, type FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { errorCode } from './errors.ts';

/** What changes with every write, replacement, chown or chmod of a file; a word of its own where there is none. */
export async function fileIdentity(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch (error) {
    return errorCode(error) ?? 'unknown';
  }
}

/** What changes when another folder takes its place or its owner or permissions change; not with what is in it. */
export async function folderIdentity(path: string): Promise<string> {
  try {
    const { dev, ino, mode, uid } = await stat(path, { bigint: true });
    return [dev, ino, mode, uid].join(':');
  } catch (error) {
    return errorCode(error) ?? 'unknown';
  }
}

export interface FolderWatch {
  /** Watches these folders, by path with their identity, and no others; one that was replaced is watched anew. */
  set(folders: ReadonlyMap<string, string>): void;
  /** Harmless twice. */
  close(): void;
}

/** `onChange` may come early, often and for nothing; where the kernel refuses a watch it never comes. */
export function watchFolders(onChange: () => void): FolderWatch {
  const watched = new Map<string, { readonly identity: string; readonly watcher: FSWatcher }>();
  const dead = new Set<string>();
  const drop = (path: string): void => {
    watched.get(path)?.watcher.close();
    watched.delete(path);
  };
  return {
    set(folders) {
      for (const [path, { identity }] of [...watched])
        if (folders.get(path) !== identity || dead.has(path)) drop(path);
      dead.clear();
      for (const [path, identity] of folders) {
        if (watched.has(path)) continue;
        const watcher = openWatch(path, (name) => {
          // The folder itself went (or something in it that has its name); one made in its place may have its inode.
          if (name === basename(path)) dead.add(path);
          onChange();
        });
        watcher?.on('error', onChange);
        if (watcher !== undefined) watched.set(path, { identity, watcher });
      }
    },
    close() {
      for (const path of [...watched.keys()]) drop(path);
    },
  };
}

/** None where the folder is gone or the user's watches are used up (fs.inotify.max_user_watches): a re-scan sees it all. */
function openWatch(path: string, onChange: (name: string | null) => void): FSWatcher | undefined {
  try {
    return watch(path, { persistent: false }, (_, name) => {
      onChange(name);
    });
  } catch {
    return undefined;
  }
}
