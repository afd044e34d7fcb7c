// Reads the files at a start, when nobody is writing them. It judges and applies nothing.
import { sleep, type Clock } from '../../support/clock.ts';
import { fileProblem } from '../problem.ts';
import { readCandidate, type Candidate, type LoadPaths } from './candidate.ts';
import { scanTree, type Scan } from './scan.ts';

type AtRest = Exclude<Candidate, { kind: 'moved' }>;

// A delivery that takes longer is followed when the daemon runs; a start has to come to an end.
const PATIENCE_MS = 20_000;
const TRY_AGAIN_MS = 100;

/** What is not one of the `known` trees, by their hash, may be half a delivery: it has to stay as it is for a while. */
export async function readAtRest(
  deps: {
    readonly clock: Clock;
    readonly paths: readonly string[];
    readonly load: LoadPaths;
    readonly quietMs: number;
  },
  known: readonly string[],
): Promise<{ readonly scan: Scan; readonly candidate: AtRest }> {
  const { clock, paths, load, quietMs } = deps;
  const lateMs = clock.monotonicMs() + PATIENCE_MS;
  let scan = await scanTree(paths);
  let last: AtRest | undefined;
  while (clock.monotonicMs() < lateMs) {
    const candidate = await readCandidate(paths, load, scan);
    if (candidate.kind !== 'moved') {
      last = candidate;
      if (isKnown(candidate, known)) return { scan, candidate };
    }
    await sleep(clock, candidate.kind === 'moved' ? TRY_AGAIN_MS : quietMs);
    const after = await scanTree(paths);
    if (candidate.kind !== 'moved' && after.identity === scan.identity) return { scan, candidate };
    scan = after;
  }
  const problem = fileProblem(paths[0] ?? '.', 'its files keep changing', 'files that nobody is writing');
  const problems = [...(last?.kind === 'rejected' ? last.problems : []), problem];
  return { scan, candidate: { kind: 'rejected', problems } };
}

/** Where nothing is known, as at the first start, what loads is good enough: what comes later is followed. */
function isKnown(candidate: AtRest, known: readonly string[]): boolean {
  return candidate.kind === 'loaded' && (known.length === 0 || known.includes(candidate.tree.hash));
}
