// An exclusive lock that the kernel frees when its holder dies, however it dies; never a pid written into a file.
import { open } from 'node:fs/promises';
import { errorCode, errorMessage } from './errors.ts';
import type { RunProcess } from './run-process.ts';

export type LockOutcome =
  | { readonly kind: 'held'; readonly release: () => Promise<void> }
  | { readonly kind: 'taken' }
  | { readonly kind: 'failed'; readonly code: string; readonly detail: string };

const FLOCK_DEADLINE_MS = 5000;

/**
 * Node has no flock(2). The lock belongs to the open file description, which util-linux' `flock` inherits from us as
 * descriptor 3 and shares with us: the program ends, our descriptor keeps the lock until it is closed.
 */
export async function acquireLock(options: {
  path: string;
  run: RunProcess;
  searchPath: string;
}): Promise<LockOutcome> {
  try {
    const handle = await open(options.path, 'a', 0o600);
    const ran = await options.run({
      file: 'flock',
      args: ['--exclusive', '--nonblock', '3'],
      env: { PATH: options.searchPath },
      deadlineMs: FLOCK_DEADLINE_MS,
      extraDescriptor: handle.fd,
    });
    if (ran.kind === 'exited' && ran.code === 0) return { kind: 'held', release: () => handle.close() };
    await handle.close();
    if (ran.kind === 'exited' && ran.code === 1) return { kind: 'taken' };
    const detail = ran.kind === 'exited' ? ran.stderr.trim() : `flock: ${ran.kind}`;
    return { kind: 'failed', code: 'FLOCK', detail: `${detail}; the program is part of util-linux` };
  } catch (error) {
    return { kind: 'failed', code: errorCode(error) ?? 'unknown', detail: errorMessage(error) };
  }
}
