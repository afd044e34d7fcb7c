// A real daemon whose configuration folder a delivery tool fills, beside the local file of the machine; and trees to deliver.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { runChild, type Ran } from '../helpers/child.ts';
import { createHome, startDaemon, type Daemon, type Home, type Line } from '../helpers/daemon.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import type { Scope } from '../helpers/scope.ts';
import { quick, type Settings } from '../system/settings.ts';

export interface Device {
  readonly home: Home;
  /** `/etc/shutterd` of this device. */
  readonly folder: string;
  readonly daemon: Daemon;
  /** Its word that it runs this tree whole. */
  runs(number: number): Promise<Line>;
}

/** The n-th tree: three files that say the same number. */
export function treeOf(number: number): Readonly<Record<string, string>> {
  return {
    'fleet.yaml': `trigger: { maxAgeSeconds: ${number} }\ndevice: { groups: [yard] }\n`,
    'groups/yard.yaml': `results: { timeoutSeconds: ${number} }\n`,
    'devices/pi-test.json': `{"outbox": {"maxEntries": ${number}}}`,
  };
}

export async function put(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await writeFile(path, text, { mode: 0o644 });
    await chmod(path, 0o644); // whatever the umask
  }
}

/** Without a tree, its broker and camera in `local.json`. */
export async function startDevice(scope: Scope, more: Settings = {}): Promise<Device> {
  const broker = await startMosquitto(scope);
  const home = await createHome(scope, quick(broker.url, more));
  const daemon = startDaemon(scope, home);
  await daemon.waitFor('broker.connected');
  const wanted = ['trigger.maxAgeSeconds', 'results.timeoutSeconds', 'outbox.maxEntries'];
  return {
    ...{ home, folder: home.configFolder, daemon },
    async runs(number) {
      const args = ['config', 'show', '--json'];
      const applied = await daemon.lines.nth(number, (line) => wanted.every((key) => hasChanged(line, key)));
      const shown = await runDaemonless(scope, home, args);
      const { values } = JSON.parse(shown.out) as { values: Record<string, { value: unknown }> };
      assert.deepEqual(
        wanted.map((key) => values[key]?.value),
        wanted.map(() => number),
      );
      return applied;
    },
  };
}

function hasChanged(line: Line, key: string): boolean {
  return (
    line['event'] === 'config.applied' && Array.isArray(line['changed']) && line['changed'].includes(key)
  );
}

function runDaemonless(scope: Scope, home: Home, args: readonly string[]): Promise<Ran> {
  const main = resolve('dist/src/main.js');
  return runChild(scope, {
    file: process.execPath,
    args: [main, ...args, '--config', home.configFolder],
    env: home.env,
    cwd: home.folder,
  });
}

/** A line of shell with what the test has put in front of the PATH. */
export async function sh(
  scope: Scope,
  line: string,
  where: {
    readonly cwd: string;
    readonly programs?: string;
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<Ran> {
  const who = ['AUTHOR', 'COMMITTER'].flatMap((role) => [
    [`GIT_${role}_NAME`, 'a'],
    [`GIT_${role}_EMAIL`, 'a@b'],
  ]);
  const named = Object.fromEntries(who) as Record<string, string>;
  const path = [where.programs, process.env['PATH']].filter((it) => it !== undefined).join(':');
  const env: Record<string, string> = { ...named, PATH: path, HOME: where.cwd, ...where.env };
  return runChild(scope, { file: 'sh', args: ['-ec', `umask 022; ${line}`], cwd: where.cwd, env });
}

/** The same, and it has to work. */
export async function shWell(...args: Parameters<typeof sh>): Promise<string> {
  const ran = await sh(...args);
  assert.equal(ran.code, 0, `${args[1]}\n${ran.out}\n${ran.err}`);
  return ran.out;
}

/** The n-th block of a language that a chapter of docs/fleet.md has. */
export function pageLines(chapter: RegExp, n = 1): readonly string[] {
  const page = readFileSync(resolve('docs/fleet.md'), 'utf8');
  const from = page.search(chapter);
  assert.ok(from >= 0, `docs/fleet.md has no ${String(chapter)}`);
  const block = [...page.slice(from).matchAll(/```sh\n(.*?)```/gs)][n - 1]?.[1];
  return (block ?? '').trim().split('\n');
}

export async function filesBelow(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1))
    .filter((name) => !name.startsWith('.'))
    .sort();
}
