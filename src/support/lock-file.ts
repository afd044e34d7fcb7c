// An exclusive lock that the kernel frees when its holder dies, however it dies; never a pid written into a file.
import { constants } from 'node:fs';
import { lchown, open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, errorMessage, OperatingError } from './errors.ts';
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
    const handle = await openLock(options.path);
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
    const detail = `${errorMessage(error)}; the file and its folder have to be this user's`;
    return { kind: 'failed', code: errorCode(error) ?? 'unknown', detail };
  }
}

async function openLock(path: string): Promise<FileHandle> {
  const handle = await openAny(path);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  const message = `Cannot lock ${path}: it is no regular file, only one can be a lock`;
  throw new OperatingError(message, { code: 'EINVAL' });
}

/** O_NONBLOCK: a FIFO in its place must not hang the opener. */
async function openAny(path: string): Promise<FileHandle> {
  const careful = constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    const { uid, gid } = await stat(dirname(path));
    const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | careful, 0o600);
    // A lock that root made must not keep the user out whom the folder belongs to.
    if (uid !== 0 && (await stat('/proc/self')).uid === 0) await lchown(path, uid, gid);
    return handle;
  } catch (error) {
    // A disk gone read-only: flock(2) locks a file that is open for reading as well.
    if (errorCode(error) !== 'EROFS') throw error;
    return open(path, constants.O_RDONLY | careful);
  }
}
