// A small tree that install.sh takes for a prepared one, with the real scripts and units and a program that only says its version.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../house/repository-root.ts';

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

export interface TreeOptions {
  readonly version: string;
  readonly architecture?: string;
}

/** Makes the tree in `folder`, which must not exist. */
export function makeSealedTree(folder: string, { version, architecture }: TreeOptions): void {
  for (const name of ['bin', 'dist/src', 'scripts']) mkdirSync(join(folder, name), { recursive: true });
  for (const name of ['config', 'systemd', 'scripts/install', 'scripts/install.sh', 'scripts/setup.sh'])
    cpSync(join(repositoryRoot(), name), join(folder, name), { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify({ name: 'shutterd', version, type: 'module' }, null, 2)}\n`,
  );
  writeFileSync(join(folder, 'architecture'), `${architecture ?? 'amd64'}\n`);
  writeFileSync(join(folder, 'bin/shutterd'), `#!/bin/sh\necho ${version}\n`);
  chmodSync(join(folder, 'bin/shutterd'), 0o755);
  seal(folder);
}

export function seal(folder: string): void {
  const sealed = bash('source "$1/scripts/package/make-tree.sh"; seal_tree "$2"', [repositoryRoot(), folder]);
  if (sealed.status !== 0) throw new Error(sealed.output);
}

/** Runs a line of bash with $1, $2 ...; without a shell in between, so that blanks in paths are as they are. */
export function bash(
  line: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Ended {
  return run(['-c', `set -euo pipefail; ${line}`, 'bash', ...args], env);
}

export function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Ended {
  const ended = spawnSync('bash', args, { encoding: 'utf8', env: { ...process.env, ...env } });
  return { status: ended.status, signal: ended.signal, output: ended.stdout + ended.stderr };
}
