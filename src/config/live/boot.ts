// Chooses what a start runs with: the files, or the last good tree where they are bad, gone or half there. It keeps nothing.
import { sleep, type Clock } from '../../support/clock.ts';
import type { Problem } from '../problem.ts';
import { fileProblem } from '../problem.ts';
import { readCandidate, type Candidate, type LoadPaths } from './candidate.ts';
import { changesBetween } from './changes.ts';
import { warnOfStorage, type StateKeeping } from './keep-state.ts';
import type { KeptState, Trial } from './kept-state.ts';
import { layOut, type KeptTree } from './kept-tree.ts';
import { scanTree, type Scan } from './scan.ts';
import { rolledBackBefore, unfinished, vanished, type Version } from './version.ts';

export interface BootDeps extends StateKeeping {
  readonly clock: Clock;
  readonly paths: readonly string[];
  readonly load: LoadPaths;
}

export interface Booted {
  readonly kind: 'ready';
  readonly running: Version;
  readonly good: Version;
  /** What to keep from now on. */
  readonly kept: KeptState;
  /** Why it is not the files that run; empty where it is. */
  readonly problems: readonly Problem[];
  readonly because: 'files' | 'badFiles' | 'unfinished' | 'rolledBefore' | 'probationOver';
  /** The files that were looked at. */
  readonly scan: Scan;
}

export type BootOutcome = Booted | { readonly kind: 'rejected'; readonly problems: readonly Problem[] };

/** A start in the middle of a probation goes on with it, this much later: starts that follow one another end it, too. */
const START_MS = 10_000;
const TRIES = 50;
const TRY_AGAIN_MS = 100;

export async function boot(deps: BootDeps, kept: KeptState): Promise<BootOutcome> {
  const { scan, candidate } = await readAtRest(deps);
  const place = deps.paths[0] ?? '.';
  if (candidate.kind === 'rejected') return instead(deps, kept, { scan, problems: candidate.problems });
  const { tree, loaded } = candidate;
  const files = { loaded, tree };
  const objection = objectionTo(place, kept, tree);
  if (objection !== undefined) {
    const other = await instead(deps, kept, { scan, problems: [objection.problem] });
    if (other.kind === 'ready') return { ...other, because: objection.because };
  }
  const ready = { kind: 'ready', running: files, problems: [], because: 'files', scan } as const;
  const good = kept.good?.hash === tree.hash ? undefined : await lastGood(deps, kept.good);
  if (good === undefined) return { ...ready, good: files, kept: { good: tree } };
  const trial = trialAtStart(kept, { good, files });
  if (trial === undefined) return { ...ready, good: files, kept: { good: tree } };
  if (isOver(trial, loaded.config.config.probationSeconds)) {
    const back = { good: good.tree, bad: tree.hash };
    const problems = [rolledBackBefore(place)];
    return { ...ready, running: good, good, kept: back, problems, because: 'probationOver' };
  }
  return { ...ready, good, kept: { good: good.tree, trial } };
}

export function isOver({ bound, spentMs }: Trial, probationSeconds: number): boolean {
  return bound === 'bounded' && spentMs >= probationSeconds * 1000;
}

function objectionTo(
  place: string,
  kept: KeptState,
  tree: KeptTree,
): { readonly problem: Problem; readonly because: Booted['because'] } | undefined {
  if (tree.hash === kept.bad) return { problem: rolledBackBefore(place), because: 'rolledBefore' };
  const { good } = kept;
  if (good === undefined) return undefined;
  const read = (of: KeptTree): Parameters<typeof unfinished>[1] => ({
    delivered: of.deliveredHash,
    ...(of.generation === undefined ? {} : { generation: of.generation }),
  });
  // A tree on probation was whole when it came.
  if (tree.hash === kept.trial?.hash) return undefined;
  const gone = vanished(place, good, tree);
  if (gone !== undefined) return { problem: gone, because: 'badFiles' };
  const half = unfinished(place, read(good), read(tree));
  return half === undefined ? undefined : { problem: half, because: 'unfinished' };
}

/** Whether the network was there when files came to a device that was off, nobody knows: no verdict on them then. */
function trialAtStart(
  { trial }: KeptState,
  { good, files }: { readonly good: Version; readonly files: Version },
): Trial | undefined {
  const { config } = files.loaded;
  const changesTheWay = changesBetween(good.loaded.config, config).link.length > 0;
  if (!changesTheWay || config.config.probationSeconds === 0) return undefined;
  if (trial?.hash === files.tree.hash) return { ...trial, spentMs: trial.spentMs + START_MS };
  return { hash: files.tree.hash, spentMs: 0, bound: 'unbounded' };
}

async function instead(
  deps: BootDeps,
  kept: KeptState,
  { scan, problems }: { readonly scan: Scan; readonly problems: readonly Problem[] },
): Promise<BootOutcome> {
  const good = await lastGood(deps, kept.good);
  if (good === undefined) return { kind: 'rejected', problems };
  const { bad } = kept;
  const keep = { good: good.tree, ...(bad === undefined ? {} : { bad }) };
  return { kind: 'ready', running: good, good, kept: keep, problems, because: 'badFiles', scan };
}

/** `undefined` where there is none, or where it does not load any more: another version of the program may be stricter. */
async function lastGood(
  { paths, load, store, log }: BootDeps,
  tree: KeptTree | undefined,
): Promise<Version | undefined> {
  if (tree === undefined) return undefined;
  let laidOut: readonly string[];
  try {
    laidOut = await layOut(tree, { folder: store.layoutFolder, sources: paths.length });
  } catch (error) {
    warnOfStorage(log, error);
    return undefined;
  }
  const loaded = await load(laidOut);
  return loaded.kind === 'loaded' ? { loaded, tree } : undefined;
}

async function readAtRest({ clock, paths, load }: BootDeps): Promise<{
  readonly scan: Scan;
  readonly candidate: Exclude<Candidate, { kind: 'moved' }>;
}> {
  let scan = await scanTree(paths);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const candidate = await readCandidate(paths, load, scan);
    if (candidate.kind !== 'moved') return { scan, candidate };
    await sleep(clock, TRY_AGAIN_MS);
    scan = await scanTree(paths);
  }
  const problem = fileProblem(paths[0] ?? '.', 'its files keep changing', 'files that nobody is writing');
  return { scan, candidate: { kind: 'rejected', problems: [problem] } };
}
