// What every probe is given, and the one way to ask a program of the system. It judges nothing.
import type { Random } from '../domain.ts';
import type { Person } from '../support/access-rights.ts';
import type { Clock } from '../support/clock.ts';
import type { Machine } from '../support/machine.ts';
import type { RunOutcome, RunProcess } from '../support/run-process.ts';

export interface Surroundings {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly random: Random;
  readonly run: RunProcess;
  readonly searchPath: string;
  /** Aborts when the doctor has to come to its end. */
  readonly signal: AbortSignal;
}

/** Who looks, and whose view counts. */
export interface Eyes {
  /** Who runs the doctor. */
  readonly self: Person;
  /** Who runs the daemon, where the machine has such a user. */
  readonly service?: Person;
}

/** Whether a daemon works on this outbox now, and how that is known. */
export type DaemonState =
  | { readonly kind: 'runs'; readonly pid?: number }
  | { readonly kind: 'none' }
  /** This user may not look at the lock, and no unit says it. */
  | { readonly kind: 'unknown' };

const ASK_MS_MAX = 3000;

/** Runs a program of the system for its words. */
export function ask(
  { run, searchPath, signal }: Pick<Surroundings, 'run' | 'searchPath' | 'signal'>,
  [file, ...args]: readonly [string, ...string[]],
  deadlineMs = ASK_MS_MAX,
): Promise<RunOutcome> {
  return run({ file, args, env: { PATH: searchPath, LC_ALL: 'C' }, deadlineMs, signal });
}

/** Its standard output where it ended well; `undefined` otherwise. */
export async function answerOf(
  surroundings: Pick<Surroundings, 'run' | 'searchPath' | 'signal'>,
  command: readonly [string, ...string[]],
): Promise<string | undefined> {
  const ran = await ask(surroundings, command);
  return ran.kind === 'exited' && ran.code === 0 ? ran.stdout.trim() : undefined;
}
