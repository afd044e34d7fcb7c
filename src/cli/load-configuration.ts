// Loads the configuration for a command, or prints every problem of it. It applies nothing.
import type { FileSource } from '../config/file-source.ts';
import { formatProblem } from '../config/problem.ts';
import { loadConfig, type Loaded, type LoadOutcome } from '../config/load.ts';
import type { Trust } from '../config/trust.ts';
import { folderOwner } from '../support/folder-owner.ts';
import type { Context } from './command.ts';
import type { Arguments } from './parse-arguments.ts';

const DEFAULT_FOLDER = '/etc/shutterd';
export const DEFAULT_STATE_FOLDER = '/var/lib/shutterd';

/** `more` are paths beside those of `--config`. */
export function readConfiguration(
  args: Arguments,
  context: Context,
  more: readonly string[] = [],
): Promise<LoadOutcome> {
  return load(args, context, { folders: [DEFAULT_FOLDER], settings: [], more });
}

function load(
  args: Arguments,
  context: Context,
  defaults: {
    readonly folders: readonly string[];
    readonly settings: readonly string[];
    readonly more?: readonly string[];
  },
): Promise<LoadOutcome> {
  const { paths, pathsMayBeAbsent } = configurationPaths(args, defaults.more ?? []);
  return loadPaths(pathsMayBeAbsent ? defaults.folders : paths, { args, context, ...defaults });
}

/**
 * From these paths, whatever the command line names, with its flags and the environment on top. `files`: kept ones in
 * place of those on the disk; they were trusted when they were kept.
 */
export function loadPaths(
  paths: readonly string[],
  {
    args,
    context,
    settings = [],
    files,
  }: {
    readonly args: Arguments;
    readonly context: Context;
    readonly settings?: readonly string[];
    readonly files?: FileSource | undefined;
  },
): Promise<LoadOutcome> {
  return loadConfig({
    paths,
    defaultPathMayBeAbsent: args.texts('config').length === 0,
    ...(files === undefined ? { trust: trustOf(context, 'refuse') } : { files }),
    env: context.machine.env,
    settings: [...settings, ...args.texts('set')],
    hostName: context.machine.hostName,
    stateDirectory: stateFolder(context),
  });
}

/** What was asked for by `--config` and `more`, else the default folder, which need not be there. */
export function configurationPaths(
  args: Arguments,
  more: readonly string[],
): {
  readonly paths: readonly string[];
  readonly pathsMayBeAbsent: boolean;
} {
  const paths = [...args.texts('config'), ...more];
  return { paths: paths.length > 0 ? paths : [DEFAULT_FOLDER], pathsMayBeAbsent: paths.length === 0 };
}

/** Whose files count for this process, or would where its user runs the daemon. */
export function trustOf({ machine }: Context, untrusted: Trust['untrusted']): Trust {
  return { userId: machine.userId, untrusted, folderOwner };
}

/** The configuration, or `undefined` after its problems went to standard error, one a line. */
export async function configurationOrProblems(
  args: Arguments,
  context: Context,
): Promise<Loaded | undefined> {
  return loadedOrTold(await readConfiguration(args, context), context);
}

/** The same for the demo: without the default folder, and with settings of its own that any flag overrides. */
export async function demoConfiguration(
  args: Arguments,
  context: Context,
  settings: readonly string[],
): Promise<Loaded | undefined> {
  return loadedOrTold(await load(args, context, { folders: [], settings }), context);
}

function loadedOrTold(outcome: LoadOutcome, context: Context): Loaded | undefined {
  if (outcome.kind === 'loaded') return outcome;
  for (const problem of outcome.problems) context.err(`${formatProblem(problem)}\n`);
  return undefined;
}

/** Where state lives: systemd's directory, the system's, or that of a user who is not root. */
export function stateFolder({ machine }: Context): string {
  const { env, userId } = machine;
  if (env['STATE_DIRECTORY'] !== undefined) return env['STATE_DIRECTORY'];
  if (userId === 0) return DEFAULT_STATE_FOLDER;
  const userState =
    env['XDG_STATE_HOME'] ?? (env['HOME'] === undefined ? undefined : `${env['HOME']}/.local/state`);
  return userState === undefined ? DEFAULT_STATE_FOLDER : `${userState}/shutterd`;
}
