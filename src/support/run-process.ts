// Runs a program without a shell, in a process group of its own that dies whole at its deadline; never keeps one alive.
import { spawn, type ChildProcess } from 'node:child_process';
import { orAborted } from './abort.ts';
import { withDeadline, type Clock } from './clock.ts';
import { errorCode, errorMessage } from './errors.ts';

export interface RunOptions {
  /** An absolute path, or a name that is looked up in `env.PATH`. */
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment of the program; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Written to standard input, which then stays open: its end tells the program that we are gone. */
  readonly input?: string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** A descriptor that the program finds as number 3. */
  readonly extraDescriptor?: number;
}

export type RunOutcome =
  | {
      readonly kind: 'exited';
      readonly code: number | null;
      readonly stdout: string;
      readonly stderr: string;
    }
  | { readonly kind: 'missing'; readonly detail: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'aborted' }
  /** Still there after SIGKILL: in uninterruptible sleep, so a second one must not be started. */
  | { readonly kind: 'wedged' };

export type RunProcess = (options: RunOptions) => Promise<RunOutcome>;

// Enough to quote an error; a program that floods its output costs no more memory than this.
const OUTPUT_BYTES_MAX = 64 * 1024;
// SIGKILL takes effect at once unless the process sleeps inside the kernel (a USB driver waiting for its device).
const KILL_GRACE_MS = 1500;
// A grandchild may hold the pipes open after the program has ended; what matters has been read by then.
const PIPES_GRACE_MS = 100;

/** `kill` is `process.kill`: a negative pid means the whole group. */
export function createRunProcess(deps: {
  clock: Clock;
  kill: (pid: number, signal: 'SIGKILL') => void;
}): RunProcess {
  return async (options) => {
    const child = start(options);
    const output = collectOutput(child);
    const ended = endOf(child);
    child.stdin?.on('error', () => undefined); // EPIPE: the program ended first, its exit says so
    child.stdin?.write(options.input ?? '');
    try {
      const first = await firstOf(deps.clock, ended, options);
      killGroup(child, deps.kill);
      if (first.kind === 'timeout' || first.kind === 'aborted') {
        const gone = await withDeadline(deps.clock, KILL_GRACE_MS, ended);
        return gone.kind === 'done' ? first : { kind: 'wedged' };
      }
      if (first.kind === 'missing') return first;
      await withDeadline(deps.clock, PIPES_GRACE_MS, output.closed);
      return { kind: 'exited', code: first.code, stdout: output.stdout(), stderr: output.stderr() };
    } finally {
      child.stdin?.destroy();
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
    }
  };
}

function start({ file, args, env, input, extraDescriptor }: RunOptions): ChildProcess {
  const stdin = input === undefined ? 'ignore' : 'pipe';
  const extra = extraDescriptor === undefined ? [] : [extraDescriptor];
  return spawn(file, args, {
    detached: true,
    shell: false,
    env: { ...env },
    stdio: [stdin, 'pipe', 'pipe', ...extra],
  });
}

type End =
  | { readonly kind: 'ended'; readonly code: number | null }
  | { readonly kind: 'missing'; readonly detail: string };

function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once('exit', (code) => {
      resolve({ kind: 'ended', code });
    });
    child.once('error', (error) => {
      resolve({ kind: 'missing', detail: `${errorCode(error) ?? 'error'}: ${errorMessage(error)}` });
    });
  });
}

async function firstOf(
  clock: Clock,
  ended: Promise<End>,
  { deadlineMs, signal }: RunOptions,
): Promise<End | { kind: 'timeout' } | { kind: 'aborted' }> {
  const first = await withDeadline(clock, deadlineMs, orAborted(ended, signal));
  if (first.kind === 'timeout') return first;
  return first.value.kind === 'done' ? first.value.value : first.value;
}

function collectOutput(child: ChildProcess): {
  stdout: () => string;
  stderr: () => string;
  closed: Promise<void>;
} {
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => {
      resolve();
    });
  });
  return { stdout: collect(child.stdout), stderr: collect(child.stderr), closed };
}

function collect(stream: ChildProcess['stdout']): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on('data', (chunk: Buffer) => {
    const kept = chunk.subarray(0, OUTPUT_BYTES_MAX - bytes);
    bytes += kept.length;
    if (kept.length > 0) chunks.push(kept);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/** Also after a normal end: a program that forked leaves its children in the group. */
function killGroup(child: ChildProcess, kill: (pid: number, signal: 'SIGKILL') => void): void {
  if (child.pid === undefined) return;
  try {
    kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error; // ESRCH: nobody is left in the group
  }
}
