// Finds out how a program can be made to die with the daemon, so that a killed one leaves no camera open behind it.
import type { RunProcess } from '../support/run-process.ts';

const LAUNCHER = ['setpriv', '--pdeathsig', 'KILL'] as const;
const TRIAL_DEADLINE_MS = 2000;

/**
 * What to start a program through: util-linux' setpriv, which sets the parent-death signal (prctl(2)), or nothing where
 * it may not run. That is so under a system call filter, and then the service manager ends the whole control group.
 */
export function parentDeathLauncher(deps: {
  readonly runProcess: RunProcess;
  readonly searchPath: string;
}): () => Promise<readonly string[]> {
  let trial: Promise<readonly string[]> | undefined;
  return () => (trial ??= tryLauncher(deps));
}

async function tryLauncher(deps: { runProcess: RunProcess; searchPath: string }): Promise<readonly string[]> {
  const [file, ...args] = LAUNCHER;
  const ran = await deps.runProcess({
    file,
    args: [...args, 'true'],
    env: { PATH: deps.searchPath, LC_ALL: 'C' },
    deadlineMs: TRIAL_DEADLINE_MS,
  });
  return ran.kind === 'exited' && ran.code === 0 ? LAUNCHER : [];
}
