// The compiled program as a real process: `shutterd run` with a folder, an outbox and an environment of its own.
import { mkdir, readdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Arrivals } from './arrivals.ts';
import { runChild, startChild, type Child, type Ended, type Ran } from './child.ts';
import type { Scope } from './scope.ts';

/** Beside the compiled test, wherever that was built. */
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** One log line; `event` is in each of them. */
export type Line = Readonly<Record<string, unknown>>;

/** One device's folders; several processes may follow one another in it. */
export interface Home {
  readonly folder: string;
  /** Of the configuration. */
  readonly configFolder: string;
  readonly outbox: string;
  /** The only place for temporary folders of the processes. */
  readonly temporary: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Daemon {
  readonly pid: number;
  readonly lines: Arrivals<Line>;
  /** Standard output as it came. */
  readonly raw: Child['lines'];
  readonly errors: Child['errors'];
  readonly ended: Promise<Ended>;
  /** The n-th line of an event, from 1. */
  waitFor(event: string, n?: number): Promise<Line>;
  of(event: string): readonly Line[];
  readonly signal: Child['signal'];
  /** SIGTERM, and how it ended. */
  stop(): Promise<Ended>;
  kill9(): Promise<void>;
}

/** `settings` by dotted key, as the configuration page has them. */
export async function createHome(
  scope: Scope,
  settings: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Home> {
  const folder = await scope.folder();
  const home = {
    folder,
    configFolder: join(folder, 'config'),
    outbox: join(folder, 'state', 'outbox'),
    temporary: join(folder, 'tmp'),
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: folder,
      TMPDIR: join(folder, 'tmp'),
      STATE_DIRECTORY: join(folder, 'state'),
      ...env,
    },
  };
  await mkdir(home.configFolder, { mode: 0o755 }); // a group that may write would have it refused
  await mkdir(home.temporary);
  await configure(home, settings);
  scope.defer(() => endLeftOvers(home));
  return home;
}

/** Replaces what the home's configuration says. */
export async function configure(home: Home, settings: Readonly<Record<string, unknown>>): Promise<void> {
  const tree: Record<string, unknown> = {};
  for (const [path, value] of Object.entries({ 'device.id': 'pi-test', ...settings })) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let at = tree;
    for (const name of names) at = (at[name] ??= {}) as Record<string, unknown>;
    at[last] = value;
  }
  await writeFile(join(home.configFolder, 'local.json'), JSON.stringify(tree), { mode: 0o600 });
}

export function startDaemon(scope: Scope, home: Home): Daemon {
  const child = startShutterd(scope, home, ['run']);
  const lines = new Arrivals<Line>();
  child.lines.onAdded = (line) => {
    lines.add(JSON.parse(line) as Line);
  };
  const end = (name: NodeJS.Signals): Promise<Ended> => {
    child.signal(name);
    return child.ended;
  };
  return {
    ...{
      pid: child.pid,
      lines,
      raw: child.lines,
      errors: child.errors,
      ended: child.ended,
    },
    waitFor: (event, n = 1) => lines.nth(n, (line) => line['event'] === event),
    of: (event) => lines.all.filter((line) => line['event'] === event),
    signal: (name) => {
      child.signal(name);
    },
    stop: () => end('SIGTERM'),
    async kill9() {
      await end('SIGKILL');
    },
  };
}

/** Any command in a home, to its end. */
export function runShutterd(scope: Scope, home: Home, args: readonly string[]): Promise<Ran> {
  return runChild(scope, command(home, args));
}

export function startShutterd(scope: Scope, home: Home, args: readonly string[]): Child {
  return startChild(scope, command(home, args));
}

/** Request ids of the entries on disk, oldest first. */
export async function storedIds(home: Home): Promise<string[]> {
  const names = (await readdir(home.outbox)).sort();
  return names.flatMap((name) => /^\d{16}\.([0-9a-f-]{36})\.\d+\.entry$/.exec(name)?.[1] ?? []);
}

/** Processes that still work in the home's folder: every child of a daemon inherits it. */
export async function processesIn(home: Home): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return pids.map(Number).filter((_, at) => folders[at] === home.folder);
}

function command(home: Home, args: readonly string[]): Parameters<typeof startChild>[1] {
  return {
    file: process.execPath,
    args: ['--enable-source-maps', MAIN, ...args, '--config', home.configFolder],
    env: home.env,
    cwd: home.folder,
  };
}

/** After a SIGKILL a capture helper may outlive its daemon by a moment; whether one stays is for a test to say. */
async function endLeftOvers(home: Home): Promise<void> {
  for (const pid of await processesIn(home)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}
