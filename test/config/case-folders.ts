// The case folders of the configuration: what each says has to come out, and the load that gives it. It asserts nothing.
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { execFileSync } from 'node:child_process';
import { loadConfig, type LoadOutcome } from '../../src/config/load.ts';
import { folderOwner } from '../../src/support/folder-owner.ts';

/** What git cannot hold, made in a copy of the case folder. */
export interface Made {
  readonly path: string;
  readonly link?: string;
  readonly bytes?: number;
  readonly kind?: 'fifo' | 'folder';
  /** Octal. */
  readonly mode?: string;
  readonly owner?: number;
}

export interface ExpectedProblem {
  readonly source: string;
  readonly key: string;
  readonly found?: string;
  readonly allowed?: string;
}

export interface Expected {
  readonly hostName: string;
  /** Below the case folder; default: its `tree`. */
  readonly paths?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly settings?: readonly string[];
  readonly make?: readonly Made[];
  /** Files and folders are believed by their owner and permissions only. */
  readonly trust?: boolean;
  /** Loads as this user. */
  readonly as?: number;
  /** The machine has neither serial number nor id. */
  readonly nameless?: boolean;
  readonly values?: Readonly<Record<string, { readonly value: unknown; readonly source: string }>>;
  readonly files?: readonly string[];
  readonly warnings?: number;
  /** By key: what `config explain` says of it, the case folder taken out. */
  readonly explain?: Readonly<Record<string, readonly string[]>>;
  readonly tree?: 'current' | 'next';
  /** Loads for this device, as an operator does. */
  readonly device?: string;
  readonly problems?: readonly ExpectedProblem[];
}

export interface Case {
  readonly name: string;
  readonly folder: string;
  readonly expected: Expected;
}

export async function allCases(): Promise<readonly Case[]> {
  const root = resolve('test/fixtures/config');
  return Promise.all(
    (await readdir(root)).sort().map(async (name) => {
      const folder = join(root, name);
      const text = await readFile(join(folder, 'expected.json'), 'utf8');
      return { name, folder, expected: JSON.parse(text) as Expected };
    }),
  );
}

/** `folder` is where the case was loaded from: itself, or a copy that is gone by now. */
export async function loadCase({
  folder,
  expected,
}: Case): Promise<{ outcome: LoadOutcome; folder: string }> {
  const { make = [], as } = expected;
  if (make.length === 0) return { outcome: await load(folder, expected), folder };
  const copy = await mkdtemp(join(tmpdir(), 'config-case-'));
  try {
    await cp(folder, copy, { recursive: true });
    await chmod(copy, 0o755);
    for (const made of make) await makeOne(copy, made);
    if (as !== undefined) process.seteuid?.(as);
    return { outcome: await load(copy, expected), folder: copy };
  } finally {
    if (as !== undefined) process.seteuid?.(0);
    await rm(copy, { recursive: true, force: true });
  }
}

function load(folder: string, expected: Expected): Promise<LoadOutcome> {
  const { paths, env = {}, settings = [], hostName, device, trust, nameless } = expected;
  return loadConfig({
    paths: (paths ?? ['tree']).map((path) => join(folder, path)),
    defaultPathMayBeAbsent: paths === undefined,
    ...{ env, settings, hostName },
    ...(device === undefined ? {} : { device }),
    ...(trust === true ? { trust: { userId: 0, untrusted: 'refuse', folderOwner } } : {}),
    ...(nameless === true ? { readMachine: () => Promise.resolve(undefined) } : {}),
  });
}

async function makeOne(root: string, { path, link, bytes, kind, mode, owner }: Made): Promise<void> {
  const at = join(root, path);
  await mkdir(dirname(at), { recursive: true });
  if (link !== undefined) await symlink(link, at);
  if (kind === 'folder') await mkdir(at);
  if (kind === 'fifo') execFileSync('mkfifo', [at]);
  if (bytes !== undefined) {
    await writeFile(at, '');
    await truncate(at, bytes);
  }
  if (mode !== undefined) await chmod(at, Number.parseInt(mode, 8));
  if (owner !== undefined) await chown(at, owner, owner);
}
