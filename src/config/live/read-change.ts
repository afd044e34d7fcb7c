// Reads files that have changed and are at rest: whole and fit to be judged, or why not. It judges and applies nothing.
import type { Problem } from '../problem.ts';
import { readCandidate, type Candidate, type LoadPaths } from './candidate.ts';
import { unfinished, vanished, type Read, type Version } from './version.ts';
import type { Settled } from './watch-tree.ts';

export interface ChangeDeps {
  readonly paths: readonly string[];
  readonly load: LoadPaths;
}

export type Change = Candidate | { readonly kind: 'unfinished'; readonly problem: Problem };

export async function readChange(
  { paths, load }: ChangeDeps,
  before: { readonly read: Read; readonly running: Version },
  { scan }: Settled,
): Promise<Change> {
  const place = paths[0] ?? '.';
  const half = unfinished(place, before.read, scan);
  if (half !== undefined) return { kind: 'unfinished', problem: half };
  const candidate = await readCandidate(paths, load, scan);
  if (candidate.kind !== 'loaded') return candidate;
  const gone = vanished(place, before.running.tree, candidate.tree);
  return gone === undefined ? candidate : { kind: 'rejected', problems: [gone] };
}
