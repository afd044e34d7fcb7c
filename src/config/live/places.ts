// Folders that only a restart will use: whether it will be able to. It makes and changes none of them.
import { valueProblem, type Problem } from '../problem.ts';
import type { Version } from './version.ts';

/** Whether a folder can be an outbox of this user, or be made one; else why not. */
export type Reachable = (folder: string) => Promise<'yes' | { readonly detail: string }>;

/** A running daemon keeps its outbox until the next start, which must not find that there is none. */
export async function placeProblems(
  reachable: Reachable,
  before: Version,
  now: Version,
): Promise<readonly Problem[]> {
  const key = 'outbox.directory';
  const { directory } = now.loaded.config.outbox;
  if (directory === before.loaded.config.outbox.directory) return [];
  const found = await reachable(directory);
  if (found === 'yes') return [];
  const source = now.loaded.origins.get(key)?.at(-1)?.source ?? 'default';
  const allowed =
    'an outbox, or a folder that this user may write to or make (ReadWritePaths= of the unit gives one)';
  return [valueProblem({ source, key, value: directory, found: found.detail, allowed })];
}
