// What the system says of a path: whose it is, which file it is, how much room its disk has. It opens and changes nothing.
import { stat, statfs } from 'node:fs/promises';

export interface FileFacts {
  readonly kind: 'file' | 'folder' | 'device' | 'other';
  /** The permission bits. */
  readonly mode: number;
  readonly ownerUid: number;
  readonly groupId: number;
  /** Two paths with one identity are one file; of a device also where several nodes lead to it. */
  readonly identity: string;
}

/** Links are followed; `undefined` where nothing is there or nobody may look. */
export async function fileFacts(path: string): Promise<FileFacts | undefined> {
  try {
    const found = await stat(path, { bigint: true });
    const isDevice = found.isCharacterDevice() || found.isBlockDevice();
    return {
      kind: isDevice ? 'device' : found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other',
      mode: Number(found.mode) & 0o7777,
      ownerUid: Number(found.uid),
      groupId: Number(found.gid),
      identity: isDevice ? `device ${String(found.rdev)}` : `${String(found.dev)} ${String(found.ino)}`,
    };
  } catch {
    return undefined; // whoever needs the file meets the same and says so
  }
}

export interface DiskRoom {
  /** For a process that is not root. */
  readonly freeBytes: number;
  readonly freeInodes: number;
  /** 0 where the file system makes them as it needs them. */
  readonly totalInodes: number;
}

/** Of the file system that holds `path`; `undefined` where it does not say. */
export async function diskRoom(path: string): Promise<DiskRoom | undefined> {
  try {
    const { bavail, bsize, ffree, files } = await statfs(path);
    return { freeBytes: bavail * bsize, freeInodes: ffree, totalInodes: files };
  } catch {
    return undefined;
  }
}
