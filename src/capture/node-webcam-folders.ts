// Gives each capture a folder of its own and takes it away whole, whatever is in it; it never reads what is in it.
import { errorMessage } from '../support/errors.ts';
import { makePrivateFolder, removeWhole } from '../support/files.ts';

export interface CaptureFolders {
  /** Makes the folder, mode 0700, and tries once more to remove what `remove` could not. Never rejects. */
  make(
    path: string,
  ): Promise<{ readonly kind: 'made' } | { readonly kind: 'failed'; readonly detail: string }>;
  /** One that will not go is tried again before each capture, until the next ones are refused for it. Never rejects. */
  remove(path: string): Promise<void>;
  removeLeft(): Promise<void>;
}

/** A capture program may leave a folder, a link or any other file in place of its picture, and files beside it. */
export function createCaptureFolders(parent: string): CaptureFolders {
  /** What could not be removed, and why. */
  const left = new Map<string, string>();

  async function remove(path: string): Promise<void> {
    const removal = await removeWhole(path);
    if (removal.kind === 'removed') left.delete(path);
    else left.set(path, removal.detail);
  }

  async function removeLeft(): Promise<void> {
    for (const path of [...left.keys()]) await remove(path);
  }

  return {
    remove,
    removeLeft,
    async make(path) {
      await removeLeft();
      const [detail] = left.values();
      if (detail !== undefined && left.size >= LEFT_FOLDERS_MAX) {
        const count = String(left.size);
        return { kind: 'failed', detail: `Cannot remove ${count} folders of earlier captures: ${detail}` };
      }
      try {
        await makePrivateFolder(parent);
        await makePrivateFolder(path);
        return { kind: 'made' };
      } catch (error) {
        return { kind: 'failed', detail: `Cannot use folder ${parent}: ${errorMessage(error)}` };
      }
    },
  };
}

// Each may hold a file as large as a frame may be, and the place is best in memory.
const LEFT_FOLDERS_MAX = 4;
