// Starts a program without a shell, in a process group of its own that can be killed whole; the only door to child_process.
import { spawn, type ChildProcess } from 'node:child_process';
import { Readable, type Writable } from 'node:stream';
import { withDeadline, type Clock } from './clock.ts';
import { errorCode, errorMessage } from './errors.ts';

export interface StartOptions {
  /** An absolute path, or a name that is looked up in `env.PATH`. */
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment of the program; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** `pipe`: stays open until we end, so that its end tells the program that we are gone. */
  readonly stdin: 'pipe' | 'ignore';
  /** Descriptors that the program finds as 3, 4, ...: one of ours, or a pipe to read from. */
  readonly extra?: readonly (number | 'pipe')[];
}

export type ProcessEnd =
  | { readonly kind: 'exited'; readonly code: number | null }
  /** It never ran: no such program, no right to run it, or the machine is out of descriptors, memory or processes. */
  | { readonly kind: 'missing'; readonly detail: string };

export interface ProcessGroup {
  /** Of the program, and of its group; `undefined` where it never ran. */
  readonly pid: number | undefined;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** The pipes among `extra`, in order. */
  readonly pipes: readonly Readable[];
  /** Settles when the program itself has ended; its children may live on until `kill`. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Settles when all pipes are closed as well. */
  readonly closed: Promise<void>;
  /**
   * Kills the whole group and lets go of the pipes; harmless twice. `wedged`: the program outlived SIGKILL, so it
   * sleeps inside the kernel and a second one must not be started.
   */
  kill(): Promise<'gone' | 'wedged'>;
  /** Kills one process that the program started and that left the group; harmless where it has ended. */
  killStray(pid: number): void;
}

export type StartProcess = (options: StartOptions) => ProcessGroup;

/** A negative pid means the whole group, as for `process.kill`. */
export type Kill = (pid: number, signal: 'SIGKILL') => void;

// SIGKILL takes effect at once unless the process sleeps inside the kernel (a USB driver waiting for its device).
const KILL_GRACE_MS = 1500;

export function createStartProcess(deps: { clock: Clock; kill: Kill }): StartProcess {
  return ({ file, args, env, stdin, extra = [] }) => {
    const child = spawnOrError(() =>
      spawn(file, args, {
        detached: true,
        shell: false,
        env: { ...env },
        stdio: [stdin, 'pipe', 'pipe', ...extra],
      }),
    );
    if (child instanceof Error) return neverRan(child);
    const ended = new Promise<ProcessEnd>((resolve) => {
      child.once('exit', (code) => {
        resolve({ kind: 'exited', code });
      });
      child.once('error', (error) => {
        resolve(missing(error));
      });
    });
    const closed = new Promise<void>((resolve) => {
      child.once('close', () => {
        resolve();
      });
    });
    child.stdin?.on('error', () => undefined); // EPIPE: the program ended first, its exit says so
    const pipes = pipesOf(child);
    return {
      pid: child.pid,
      stdin: child.stdin ?? undefined,
      stdout: child.stdout ?? Readable.from([]),
      stderr: child.stderr ?? Readable.from([]),
      ...{ pipes, ended, closed },
      async kill() {
        // Also after a normal end: a program that forked leaves its children in the group.
        if (child.pid !== undefined) killIfThere(-child.pid, deps.kill);
        const gone = await withDeadline(deps.clock, KILL_GRACE_MS, ended);
        for (const stream of [child.stdin, child.stdout, child.stderr, ...pipes]) stream?.destroy();
        child.unref();
        return gone.kind === 'done' ? 'gone' : 'wedged';
      },
      killStray(pid) {
        killIfThere(pid, deps.kill);
      },
    };
  };
}

/** Most failures come later, as an event; ENOMEM and its like are thrown. A wrong argument (`ERR_...`) is a bug. */
function spawnOrError<T>(start: () => T): T | Error {
  try {
    return start();
  } catch (error) {
    if (!(error instanceof Error) || errorCode(error)?.startsWith('ERR_') !== false) throw error;
    return error;
  }
}

function neverRan(error: Error): ProcessGroup {
  return {
    ...{ pid: undefined, stdin: undefined, stdout: Readable.from([]), stderr: Readable.from([]), pipes: [] },
    ended: Promise.resolve(missing(error)),
    closed: Promise.resolve(),
    kill: () => Promise.resolve('gone'),
    killStray: () => undefined,
  };
}

function missing(error: Error): ProcessEnd {
  return { kind: 'missing', detail: `${errorCode(error) ?? 'error'}: ${errorMessage(error)}` };
}

/** Where no descriptor was left for its pipes, a child has no `stdio` at all, whatever its type says. */
function pipesOf({ stdio }: Partial<Pick<ChildProcess, 'stdio'>>): readonly Readable[] {
  return stdio?.slice(3).filter((stream) => stream instanceof Readable) ?? [];
}

function killIfThere(pid: number, kill: Kill): void {
  try {
    kill(pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: nobody is left there. EPERM: it is another user's by now, and whoever waits for its end sees it stay.
    if (errorCode(error) !== 'ESRCH' && errorCode(error) !== 'EPERM') throw error;
  }
}
