// Reads the layers of a configuration from folders and files, in their order. It checks names and files, never values.
import { join } from 'node:path';
import { ALLOWED } from './allowed.ts';
import { isAbsent, NOTHING, readLayer, type Layers } from './layer-files.ts';
import { deviceId, groupNames } from './formats.ts';
import { lastValue } from './merge.ts';
import type { FileSource } from './file-source.ts';
import { openSource, treeOf, type Source } from './open-source.ts';
import { valueProblem } from './problem.ts';
import { rolloutOf, type Rollout, type Tree } from './rollout.ts';
import type { Keys } from './schema.ts';
import type { Setting } from './setting.ts';
import type { Trust } from './trust.ts';

export interface LayerOptions {
  readonly keys: Keys;
  readonly files: FileSource;
  readonly paths: readonly string[];
  readonly pathsMayBeAbsent: boolean;
  /** Environment, then flags: they have a word in which layers there are. */
  readonly above: readonly Setting[];
  /** The device id where nobody sets one. */
  readonly defaultDeviceId: string | undefined;
  /** Whether the folders' `local` files are of the device that is loaded. */
  readonly withLocal: boolean;
  readonly trust?: Trust;
  /** In place of what `rollout` says. */
  readonly tree?: Tree;
}

export interface ReadLayers extends Layers {
  /** Where there is a next tree. */
  readonly rollout?: Rollout;
}

/**
 * Each path in order: a folder gives fleet < groups/NAME < devices/ID < local, a file gives itself, as `local`.
 * The device id is found before the tree is chosen, the tree before `devices/` is read, and the groups before `groups/`.
 */
export async function readLayers(options: LayerOptions): Promise<ReadLayers> {
  const { paths, above } = options;
  const opened = await Promise.all(paths.map((path) => openSource(path, options)));
  const locals = opened.flatMap(({ local }) => local.settings);
  const id = lastValue([...locals, ...above], 'device.id') ?? options.defaultDeviceId;
  const rollout = chooseTree(opened, id, options);
  const sources = opened.map((source) => treeOf(source, rollout?.tree ?? 'current'));
  const devices = await Promise.all(sources.map((source) => readNamed(source, 'devices', id)));
  const deciding = sources.flatMap(({ fleet, local }, at) => [fleet, devices[at] ?? NOTHING, local]);
  const groups = lastValue([...deciding.flatMap(({ settings }) => settings), ...above], 'device.groups');
  const names = groupNames.accepts(groups) ? [...new Set(groups)] : [];
  const groupLayers = await Promise.all(
    sources.map((source) => Promise.all(names.map((name) => readNamed(source, 'groups', name)))),
  );
  const folders = sources.flatMap(({ folder }) => folder ?? []);
  return {
    ...joined([
      ...sources.flatMap(({ problems, fleet, local }, at) => [
        problems,
        fleet,
        ...(groupLayers[at] ?? []),
        devices[at] ?? NOTHING,
        local,
      ]),
      missingGroups(names, groupLayers, folders.length > 0 ? folders : paths),
    ]),
    ...(rollout === undefined ? {} : { rollout }),
  };
}

/** One answer for all folders of a device: half a change would be none that anybody has written. */
function chooseTree(
  sources: readonly Source[],
  id: unknown,
  { above, keys, tree }: LayerOptions,
): Rollout | undefined {
  if (!sources.some(({ next }) => next !== undefined) || !deviceId.accepts(id)) return undefined;
  const settings = [
    ...sources.flatMap(({ fleet, local }) => [...fleet.settings, ...local.settings]),
    ...above,
  ];
  const percent = lastValue(settings, 'rollout.percent') ?? keys.get('rollout.percent')?.default;
  const salt = lastValue(settings, 'rollout.salt') ?? keys.get('rollout.salt')?.default;
  const rollout = rolloutOf(id, {
    percent: typeof percent === 'number' ? percent : 0, // refused where it is laid over the default
    salt: typeof salt === 'string' ? salt : '',
  });
  return tree === undefined ? rollout : { ...rollout, tree };
}

async function readNamed(source: Source, below: 'devices' | 'groups', name: unknown): Promise<Layers> {
  const { folder, reading } = source;
  if (folder === undefined || !deviceId.accepts(name)) return NOTHING;
  return readLayer(join(folder, below, name), below === 'devices' ? 'device' : 'group', reading);
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
      allowed: ALLOWED.groupFile,
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
