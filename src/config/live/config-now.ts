// What the status message says of the configuration. Pure.
import { formatProblem, type Problem } from '../problem.ts';
import type { Booted } from './boot.ts';
import type { Version } from './version.ts';

export interface ConfigNow {
  /** Of the configuration that runs. */
  readonly hash: string;
  /** Of the files that it came from. */
  readonly generation?: string;
  /** What became of the files that lie there. */
  readonly state: 'applied' | 'rejected' | 'rolled-back';
  /** Why they do not run; the log has them all. */
  readonly errors?: readonly string[];
}

export function configAtStart({ running, because, problems }: Booted): ConfigNow {
  return configNow(running, { state: STATES[because], problems });
}

const STATES: Readonly<Record<Booted['because'], ConfigNow['state']>> = Object.freeze({
  files: 'applied',
  badFiles: 'rejected',
  unfinished: 'rejected',
  rolledBefore: 'rolled-back',
  notReached: 'rolled-back',
});

// A status message goes to everybody who looks; a tree may have a thousand errors.
const ERRORS_MAX = 5;
const CHARACTERS_MAX = 200;

export function configNow(
  { loaded, tree }: Version,
  { state, problems }: { readonly state: ConfigNow['state']; readonly problems: readonly Problem[] },
): ConfigNow {
  const errors = problems.slice(0, ERRORS_MAX).map((it) => formatProblem(it).slice(0, CHARACTERS_MAX));
  return {
    hash: loaded.hash,
    ...(tree.generation === undefined ? {} : { generation: tree.generation }),
    state,
    ...(errors.length === 0 ? {} : { errors }),
  };
}
