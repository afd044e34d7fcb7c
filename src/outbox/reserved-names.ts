// Frees the names that the outbox needs in its folder from what is of another kind; it never removes or replaces anything.
import { join } from 'node:path';
import { kindOf, moveInto } from '../support/durable-file.ts';

/** Inside the outbox folder; hidden names are never entries. */
export const LOCK_NAME = '.lock';

/** The file system's own, where the outbox is a mount point: neither an entry nor a stranger. */
export const LOST_AND_FOUND = 'lost+found';

/**
 * What is there and of another kind, links included, becomes `stranger.lock`, `stranger.lock.2` ...: the next load of the
 * folder sets it aside as any stranger, and says so. Rejects with the system error.
 */
export async function freeReservedName(
  directory: string,
  reserved: { readonly name: string; readonly kind: 'file' | 'folder' },
): Promise<void> {
  const found = await kindOf(join(directory, reserved.name));
  if (found === reserved.kind || found === 'absent') return;
  const stranger = `stranger.${reserved.name.replace(/^\./, '')}`;
  let target = stranger;
  for (let number = 2; (await kindOf(join(directory, target))) !== 'absent'; number += 1) {
    target = `${stranger}.${number}`;
  }
  await moveInto(join(directory, reserved.name), directory, target);
}
