// Says who owns a folder and who may write in it; it lists, makes and changes nothing.
import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, errorMessage } from './errors.ts';

/** By its opened descriptor; `undefined` where it cannot be opened as a folder. */
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

/** Whether this user may write in a folder or, where it is not there, make it; it makes nothing. */
export async function mayWriteIn(folder: string): Promise<'yes' | { readonly detail: string }> {
  for (let at = folder; ; at = dirname(at)) {
    try {
      if (!(await stat(at)).isDirectory()) return { detail: `${at} is no folder` };
      await access(at, constants.W_OK | constants.X_OK);
      return 'yes';
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || at === dirname(at)) return { detail: errorMessage(error) };
    }
  }
}
