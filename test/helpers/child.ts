// A real process of a test: its lines as they arrive, its end as a promise, and a certain death with the scope.
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Arrivals } from './arrivals.ts';
import type { Scope } from './scope.ts';

export interface ChildOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written to standard input, which is then closed. */
  readonly input?: Uint8Array;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  readonly lines: Arrivals<string>;
  readonly errors: Arrivals<string>;
  /** After its output has been read to the end. */
  readonly ended: Promise<Ended>;
  signal(name: NodeJS.Signals): void;
}

export function startChild(scope: Scope, options: ChildOptions): Child {
  const child = spawn(options.file, options.args, {
    env: options.env ?? process.env,
    cwd: options.cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  child.stdin.on('error', () => undefined); // it ended without reading us
  child.stdin.end(options.input);
  const lines = collect(child.stdout);
  const errors = collect(child.stderr);
  scope.defer(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  return { pid: child.pid ?? 0, lines, errors, ended, signal: (name) => child.kill(name) };
}

export interface Ran extends Ended {
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end. */
export async function runChild(scope: Scope, options: ChildOptions): Promise<Ran> {
  const child = startChild(scope, options);
  const ended = await child.ended;
  return { ...ended, out: child.lines.all.join('\n'), err: child.errors.all.join('\n') };
}

function collect(stream: NonNullable<ChildProcess['stdout']>): Arrivals<string> {
  const lines = new Arrivals<string>();
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
    lines.add(line);
  });
  return lines;
}
