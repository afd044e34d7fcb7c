// Reads files that have changed and are at rest: whole and fit to be judged, or why not. It judges and applies nothing.
import type { Problem } from '../problem.ts';
import { readCandidate, type Candidate, type LoadPaths } from './candidate.ts';
import { placeProblems, type Reachable } from './places.ts';
import { lost, unfinished, type Read, type Version } from './version.ts';
import type { Settled } from './watch-tree.ts';

export interface ChangeDeps {
  readonly paths: readonly string[];
  readonly load: LoadPaths;
  readonly reachable: Reachable;
}

export type Change = Candidate | { readonly kind: 'unfinished'; readonly problem: Problem };

export async function readChange(
  { paths, load, reachable }: ChangeDeps,
  before: { readonly read: Read; readonly newest: Version },
  { scan }: Settled,
): Promise<Change> {
  const candidate = await readCandidate(paths, load, scan);
  if (candidate.kind === 'moved') return candidate;
  const half = unfinished(paths[0] ?? '.', before.read, scan);
  if (half !== undefined && !saysTheSame(candidate, before.newest))
    return { kind: 'unfinished', problem: half };
  if (candidate.kind === 'rejected') return candidate;
  const problems = [
    ...lost(paths, before.newest.tree, candidate.tree),
    ...(await placeProblems(reachable, before.newest, candidate)),
  ];
  return problems.length === 0 ? candidate : { kind: 'rejected', problems };
}

/** Files that were touched, copied once more, or are those of other devices: nothing that an id could be missing for. */
function saysTheSame(candidate: Candidate, { tree }: Version): boolean {
  return candidate.kind === 'loaded' && candidate.tree.deliveredHash === tree.deliveredHash;
}
