// One configuration with the files it came from; what is so about two of them. Pure.
import type { Loaded } from '../load.ts';
import { fileProblem, type Problem } from '../problem.ts';
import { changesBetween } from './changes.ts';
import type { KeptState, Trial } from './kept-state.ts';
import type { KeptTree } from './kept-tree.ts';

export interface Version {
  readonly loaded: Loaded;
  readonly tree: KeptTree;
}

/** What was read last: its id, and its files without the `local` ones. */
export interface Read {
  readonly generation?: string;
  readonly delivered: string;
}

/**
 * Why these files are half a delivery, or `undefined` where they may be read: a tree that has an id changes only with it.
 * What the machine itself says (`local`) is no delivery.
 */
export function unfinished(place: string, before: Read, now: Read): Problem | undefined {
  if (before.generation === undefined || before.delivered === now.delivered) return undefined;
  if (now.generation !== undefined && now.generation !== before.generation) return undefined;
  const file = now.generation === undefined ? 'is not there or says nothing' : `is still ${now.generation}`;
  return fileProblem(
    place,
    `its files have changed and the file generation ${file}`,
    'a generation with a new id, written when all other files are there',
  );
}

/** Files that are all gone are no wish for the built-in defaults, where there was a configuration before. */
export function vanished(place: string, before: KeptTree | undefined, now: KeptTree): Problem | undefined {
  if (now.files.length > 0 || before === undefined || before.files.length === 0) return undefined;
  return fileProblem(place, 'all its files are gone', 'at least one file (fleet, devices/ID or local)');
}

export function rolledBackBefore(place: string): Problem {
  return fileProblem(
    place,
    'these files were rolled back, because the broker was not reached with them',
    'files that differ',
  );
}

export type Judgement =
  /** It runs already. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'rolledBackBefore' }
  | { readonly kind: 'apply'; readonly trial?: Trial };

/** What to do with files that load, while a configuration runs. */
export function judge(
  candidate: Version,
  now: {
    readonly running: Version;
    readonly good: Version;
    readonly kept: Pick<KeptState, 'trial' | 'bad'>;
    /** Whether a link is up. */
    readonly online: boolean;
  },
): Judgement {
  const { running, good, kept, online } = now;
  const { hash } = candidate.tree;
  if (hash === kept.bad) return { kind: 'rolledBackBefore' };
  if (candidate.loaded.hash === running.loaded.hash) return { kind: 'unchanged' };
  const { config } = candidate.loaded;
  const changesTheWay = changesBetween(good.loaded.config, config).link.length > 0;
  if (!changesTheWay || config.config.probationSeconds === 0) return { kind: 'apply' };
  const sameWay = changesBetween(running.loaded.config, config).link.length === 0;
  if (sameWay && kept.trial !== undefined) return { kind: 'apply', trial: { ...kept.trial, hash } };
  // Where the one before has cut the device off, the outage began with a change and not before it.
  const bounded = online || kept.trial?.bound === 'bounded';
  return { kind: 'apply', trial: { hash, spentMs: 0, bound: bounded ? 'bounded' : 'unbounded' } };
}
