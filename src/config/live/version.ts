// One configuration with the files it came from; what is so about two of them. Pure.
import { join } from 'node:path';
import type { Loaded } from '../load.ts';
import { fileProblem, type Problem } from '../problem.ts';
import { changesBetween } from './changes.ts';
import type { KeptState } from './kept-state.ts';
import { isLocal, type KeptTree } from './kept-tree.ts';
import { beginTrial, type Trial } from './trial.ts';

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

/**
 * Files that a copy which broke off has left empty, or that are all gone: no wish for the built-in defaults, where there
 * was a configuration before.
 */
export function lost(
  paths: readonly string[],
  before: KeptTree | undefined,
  now: KeptTree,
): readonly Problem[] {
  if (before === undefined) return [];
  const place = paths[0] ?? '.';
  if (before.files.length > 0 && now.files.length === 0) {
    return [fileProblem(place, 'all its files are gone', 'at least one file (fleet, devices/ID or local)')];
  }
  if (hasDelivered(before) && !hasDelivered(now)) {
    const found = 'all its files but the local ones are gone';
    return [fileProblem(place, found, 'a fleet file at least, with {} in it where nothing is wanted')];
  }
  const full = new Set(before.files.filter(({ bytes }) => bytes.length > 0).map(placeOf));
  return now.files
    .filter((file) => file.bytes.length === 0 && full.has(placeOf(file)))
    .map(({ source, path }) => {
      const found = 'it is empty and was not before, as a copy that broke off leaves it';
      return fileProblem(join(paths[source] ?? '.', path), found, 'its text, or {} where nothing is wanted');
    });
}

function hasDelivered({ files }: KeptTree): boolean {
  return files.some((file) => !isLocal(file));
}

function placeOf({ source, path }: KeptTree['files'][number]): string {
  return `${String(source)}/${path}`;
}

export function rolledBackBefore(place: string): Problem {
  return fileProblem(
    place,
    'these files were rolled back, because the broker was not reached with them',
    'files that differ',
  );
}

export function notReached(place: string): Problem {
  return fileProblem(
    place,
    'the broker was not reached with these files; the last good ones have their turn',
    'files that reach the broker',
  );
}

export type Judgement =
  /** It runs already, or has been chosen to. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'rolledBackBefore' }
  | { readonly kind: 'apply'; readonly trial?: Trial };

/** What to do with files that load, while a configuration runs. */
export function judge(
  candidate: Version,
  now: {
    /** The one on probation, else the one that runs. */
    readonly newest: Version;
    readonly good: Version;
    readonly kept: Pick<KeptState, 'trial' | 'bad'>;
    /** Whether a link is up. */
    readonly online: boolean;
  },
): Judgement {
  const { newest, good, kept, online } = now;
  const { hash } = candidate.tree;
  if (hash === kept.bad) return { kind: 'rolledBackBefore' };
  if (candidate.loaded.hash === newest.loaded.hash) return { kind: 'unchanged' };
  if (!needsTrial(good, candidate)) return { kind: 'apply' };
  const { trial } = kept;
  if (trial !== undefined && isSameWay(newest, candidate))
    return { kind: 'apply', trial: { ...trial, hash } };
  // Where the one before has cut the device off, the outage began with a change and not before it.
  const known = online || trial?.evidence === 'before';
  return { kind: 'apply', trial: beginTrial(hash, known ? 'before' : 'none') };
}

/** Whether it changes the way to the broker, and has to prove itself. */
export function needsTrial(good: Version, candidate: Version): boolean {
  return candidate.loaded.config.config.probationSeconds > 0 && !isSameWay(good, candidate);
}

function isSameWay(one: Version, other: Version): boolean {
  return changesBetween(one.loaded.config, other.loaded.config).link.length === 0;
}
