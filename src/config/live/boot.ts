// Chooses what a start runs with: the files, or the last good tree where they are bad, gone or half there. It keeps nothing.
import type { Clock } from '../../support/clock.ts';
import type { Problem } from '../problem.ts';
import type { LoadPaths } from './candidate.ts';
import type { StateKeeping } from './keep-state.ts';
import type { KeptState } from './kept-state.ts';
import { filesOf, type KeptTree } from './kept-tree.ts';
import { placeProblems, type Reachable } from './places.ts';
import { readAtRest } from './read-at-rest.ts';
import type { Scan } from './scan.ts';
import { beginTrial, resumeTrial } from './trial.ts';
import { lost, needsTrial, notReached, rolledBackBefore, unfinished, type Version } from './version.ts';

export interface BootDeps extends StateKeeping {
  readonly clock: Clock;
  readonly paths: readonly string[];
  readonly load: LoadPaths;
  readonly reachable: Reachable;
  /** Files that are none of the known ones have to be at rest this long. */
  readonly quietMs: number;
}

export interface Booted {
  readonly kind: 'ready';
  readonly running: Version;
  readonly good: Version;
  /** The one on probation, where there is one; it runs or waits. */
  readonly tried?: Version;
  /** What to keep from now on. */
  readonly kept: KeptState;
  /** Why it is not the files that run; empty where it is. */
  readonly problems: readonly Problem[];
  readonly because: 'files' | 'badFiles' | 'unfinished' | 'rolledBefore' | 'notReached';
  /** The files that were looked at. */
  readonly scan: Scan;
}

export type BootOutcome = Booted | { readonly kind: 'rejected'; readonly problems: readonly Problem[] };

export async function boot(deps: BootDeps, kept: KeptState): Promise<BootOutcome> {
  const known = [kept.good?.hash, kept.trial?.hash, kept.bad].flatMap((hash) => hash ?? []);
  const { scan, candidate } = await readAtRest(deps, known);
  if (candidate.kind === 'rejected') {
    return instead(deps, kept, { scan, problems: candidate.problems, because: 'badFiles' });
  }
  const { tree, loaded } = candidate;
  const files = { loaded, tree };
  const good = kept.good?.hash === tree.hash ? files : await lastGood(deps, kept.good);
  const objection = good && (await objectionTo(deps, kept, { files, good }));
  if (objection !== undefined) return instead(deps, kept, { ...objection, scan });
  if (good === undefined || !needsTrial(good, files)) {
    return { kind: 'ready', running: files, good: files, kept: { good: tree }, ...HOLD, scan };
  }
  return { ...onTrial(deps, kept, { files, good }), scan };
}

const HOLD = Object.freeze({ problems: [], because: 'files' } as const);

function onTrial(
  { paths }: BootDeps,
  { trial: before }: KeptState,
  { files, good }: { readonly files: Version; readonly good: Version },
): Omit<Booted, 'scan'> {
  const { hash } = files.tree;
  const { probationSeconds } = files.loaded.config.config;
  const trial = before?.hash === hash ? resumeTrial(before, probationSeconds) : beginTrial(hash, 'none');
  const both = { kind: 'ready', good, tried: files, kept: { good: good.tree, trial } } as const;
  if (trial.side === 'new') return { ...both, ...HOLD, running: files };
  return { ...both, running: good, problems: [notReached(paths[0] ?? '.')], because: 'notReached' };
}

interface Objection {
  readonly problems: readonly Problem[];
  readonly because: Booted['because'];
}

async function objectionTo(
  { paths, reachable }: BootDeps,
  kept: KeptState,
  { files, good }: { readonly files: Version; readonly good: Version },
): Promise<Objection | undefined> {
  const place = paths[0] ?? '.';
  const { tree } = files;
  if (tree.hash === kept.bad) return { problems: [rolledBackBefore(place)], because: 'rolledBefore' };
  // A tree on probation was whole when it came.
  if (tree.hash === kept.trial?.hash) return undefined;
  const bad = [...lost(paths, good.tree, tree), ...(await placeProblems(reachable, good, files))];
  if (bad.length > 0) return { problems: bad, because: 'badFiles' };
  const half = unfinished(place, readOf(good.tree), readOf(tree));
  return half === undefined ? undefined : { problems: [half], because: 'unfinished' };
}

function readOf({ deliveredHash, generation }: KeptTree): Parameters<typeof unfinished>[1] {
  return { delivered: deliveredHash, ...(generation === undefined ? {} : { generation }) };
}

async function instead(
  deps: BootDeps,
  kept: KeptState,
  why: Objection & { readonly scan: Scan },
): Promise<BootOutcome> {
  const good = await lastGood(deps, kept.good);
  if (good === undefined) return { kind: 'rejected', problems: why.problems };
  const { bad } = kept;
  const keep = { good: good.tree, ...(bad === undefined ? {} : { bad }) };
  return { kind: 'ready', running: good, good, kept: keep, ...why };
}

/** `undefined` where there is none, or where it does not load any more: another version of the program may be stricter. */
async function lastGood({ paths, load }: BootDeps, tree: KeptTree | undefined): Promise<Version | undefined> {
  if (tree === undefined) return undefined;
  const loaded = await load(paths, filesOf(tree, paths));
  return loaded.kind === 'loaded' ? { loaded, tree } : undefined;
}
