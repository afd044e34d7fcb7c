// Says who owns a folder and who may write in it, by its opened descriptor; it lists and changes nothing.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** `undefined` where it cannot be opened as a folder. */
export async function folderOwner(
  path: string,
): Promise<{ readonly ownerUid: number; readonly mode: number } | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      const { uid, mode } = await handle.stat();
      return { ownerUid: uid, mode: mode & 0o7777 };
    } finally {
      await handle.close();
    }
  } catch {
    return undefined; // whoever reads in it meets the same and says so
  }
}
