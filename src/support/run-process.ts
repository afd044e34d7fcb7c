// Runs a program to its end, or to its deadline; never keeps one alive.
import type { Readable } from 'node:stream';
import { orAborted } from './abort.ts';
import { withDeadline, type Clock } from './clock.ts';
import { createStartProcess, type Kill } from './process-group.ts';

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
// A grandchild may hold the pipes open after the program has ended; what matters has been read by then.
const PIPES_GRACE_MS = 100;

export function createRunProcess(deps: { clock: Clock; kill: Kill }): RunProcess {
  const start = createStartProcess(deps);
  return async ({ file, args, env, input, deadlineMs, signal, extraDescriptor }) => {
    const extra = extraDescriptor === undefined ? [] : [extraDescriptor];
    const child = start({ file, args, env, extra, stdin: input === undefined ? 'ignore' : 'pipe' });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.stdin?.write(input ?? '');
    const first = await withDeadline(deps.clock, deadlineMs, orAborted(child.ended, signal));
    if (first.kind === 'timeout') return (await child.kill()) === 'wedged' ? { kind: 'wedged' } : first;
    if (first.value.kind === 'aborted')
      return (await child.kill()) === 'wedged' ? { kind: 'wedged' } : first.value;
    const { value: end } = first.value;
    if (end.kind === 'exited') await withDeadline(deps.clock, PIPES_GRACE_MS, child.closed);
    await child.kill();
    return end.kind === 'missing' ? end : { ...end, stdout: stdout(), stderr: stderr() };
  };
}

function collect(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    const kept = chunk.subarray(0, OUTPUT_BYTES_MAX - bytes);
    bytes += kept.length;
    if (kept.length > 0) chunks.push(kept);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
