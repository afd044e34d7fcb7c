// Reads the files once, as they are at one moment: a load counts only where no file has changed while it went on.
import type { FileSource } from '../file-source.ts';
import type { Loaded, LoadOutcome } from '../load.ts';
import type { Problem } from '../problem.ts';
import { takeTree, type KeptTree } from './kept-tree.ts';
import { scanTree, type Scan } from './scan.ts';

export type Candidate =
  | { readonly kind: 'loaded'; readonly loaded: Loaded; readonly tree: KeptTree }
  | { readonly kind: 'rejected'; readonly problems: readonly Problem[] }
  /** Somebody was writing. */
  | { readonly kind: 'moved' };

/** Of the disk, or of `files` that were kept, which are trusted. */
export type LoadPaths = (paths: readonly string[], files?: FileSource) => Promise<LoadOutcome>;

/** `scan` is a look that the files have been at rest since for longer than their times are apart (some milliseconds). */
export async function readCandidate(
  paths: readonly string[],
  load: LoadPaths,
  scan: Scan,
): Promise<Candidate> {
  const outcome = await load(paths);
  const tree = outcome.kind === 'loaded' ? await takeTree(paths, outcome.files, scan.generation) : undefined;
  if ((await scanTree(paths)).identity !== scan.identity) return { kind: 'moved' };
  if (outcome.kind === 'rejected') return outcome;
  return tree === undefined ? { kind: 'moved' } : { kind: 'loaded', loaded: outcome, tree };
}
