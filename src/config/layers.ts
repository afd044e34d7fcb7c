// Reads the layers of a configuration from folders and files, in their order. It checks names and files, never values.
import { join } from 'node:path';
import { pathKind } from '../support/files.ts';
import { deviceId, groupNames } from './formats.ts';
import { isAbsent, NOTHING, readFile, readLayer, refused, strayFiles, type Layers } from './layer-files.ts';
import { lastValue } from './merge.ts';
import { fileProblem, valueProblem, type Problem } from './problem.ts';
import type { Keys } from './schema.ts';
import type { Setting } from './setting.ts';

export interface LayerOptions {
  readonly keys: Keys;
  readonly paths: readonly string[];
  readonly pathsMayBeAbsent: boolean;
  /** Environment, then flags: they have a word in which layers there are. */
  readonly above: readonly Setting[];
  /** The device id where nobody sets one. */
  readonly defaultDeviceId: string | undefined;
}

/**
 * Each path in order: a folder gives fleet < groups/NAME < devices/ID < local, a file gives itself, as `local`.
 * The device id is found before `devices/` is read, and the groups before `groups/`.
 */
export async function readLayers(options: LayerOptions): Promise<Layers> {
  const { keys, paths, above } = options;
  const sources = await inOrder(paths, (path) => openSource(path, options));
  const locals = sources.flatMap(({ local }) => local.settings);
  const id = lastValue([...locals, ...above], 'device.id') ?? options.defaultDeviceId;
  const devices = await inOrder(sources, ({ folder }) =>
    folder === undefined || !deviceId.accepts(id)
      ? NOTHING
      : readLayer(join(folder, 'devices', id), 'device', keys),
  );
  const deciding = sources.flatMap(({ fleet, local }, at) => [fleet, devices[at] ?? NOTHING, local]);
  const groups = lastValue([...deciding.flatMap(({ settings }) => settings), ...above], 'device.groups');
  const names = groupNames.accepts(groups) ? [...new Set(groups)] : [];
  const groupLayers = await inOrder(sources, ({ folder }) => readGroups(folder, names, keys));
  const folders = sources.flatMap(({ folder }) => folder ?? []);
  return joined([
    ...sources.flatMap(({ problems, fleet, local }, at) => [
      problems,
      fleet,
      ...(groupLayers[at] ?? []),
      devices[at] ?? NOTHING,
      local,
    ]),
    missingGroups(names, groupLayers, folders.length > 0 ? folders : paths),
  ]);
}

/** One `--config` path, opened as far as it can be before the device has a name. */
interface Source {
  readonly folder?: string;
  readonly fleet: Layers;
  readonly local: Layers;
  readonly problems: Layers;
}

async function openSource(path: string, { keys, pathsMayBeAbsent }: LayerOptions): Promise<Source> {
  const kind = await pathKind(path);
  switch (kind) {
    case 'folder': {
      const fleet = await readLayer(join(path, 'fleet'), 'fleet', keys);
      return {
        folder: path,
        fleet,
        local: await readLayer(join(path, 'local'), 'local', keys),
        problems: await strayFiles(path),
      };
    }
    case 'file':
      return { fleet: NOTHING, local: await readFile(path, 'local', keys), problems: NOTHING };
    case 'characterDevice':
    case 'other':
      return closed(fileProblem(path, 'it is neither a file nor a folder', 'a configuration file or folder'));
    case 'absent':
      // The folder nobody asked for: groups named elsewhere are still looked for in it, and missed by its name.
      return pathsMayBeAbsent
        ? { fleet: NOTHING, local: NOTHING, problems: NOTHING }
        : closed(fileProblem(path, 'it is not there, or may not be read', 'an existing file or folder'));
  }
}

function closed(problem: Problem): Source {
  return { fleet: NOTHING, local: NOTHING, problems: refused(problem) };
}

async function readGroups(
  folder: string | undefined,
  names: readonly string[],
  keys: Keys,
): Promise<readonly Layers[]> {
  return folder === undefined
    ? []
    : inOrder(names, (name) => readLayer(join(folder, 'groups', name), 'group', keys));
}

/** A group has to be in at least one of the folders. */
function missingGroups(
  names: readonly string[],
  layers: readonly (readonly Layers[])[],
  folders: readonly string[],
): Layers {
  const missing = names.filter((_, at) => layers.every((groups) => isAbsent(groups[at])));
  const problems = missing.map((name) =>
    valueProblem({
      source: join(folders[0] ?? '.', 'groups', `${name}.yaml`),
      key: 'device.groups',
      value: name,
      found: `the group ${name} is named and this file is not there`,
      allowed: 'a file for each group (json, yaml or yml)',
    }),
  );
  return { ...NOTHING, problems };
}

function joined(layers: readonly Layers[]): Layers {
  return {
    settings: layers.flatMap(({ settings }) => settings),
    files: layers.flatMap(({ files }) => files),
    problems: layers.flatMap(({ problems }) => problems),
    warnings: layers.flatMap(({ warnings }) => warnings),
  };
}

async function inOrder<T, R>(items: readonly T[], work: (item: T) => R | Promise<R>): Promise<readonly R[]> {
  return Promise.all(items.map(work));
}
