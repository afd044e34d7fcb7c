// Checks a fleet tree for one device or for all of them, anywhere: no machine and no environment has a say in it.
import { join } from 'node:path';
import { pathKind } from '../support/files.ts';
import { deviceId, groupNames } from './formats.ts';
import { layerNames } from './layer-files.ts';
import { loadConfig, type LoadOutcome } from './load.ts';
import { fileProblem, formatProblem, type Problem } from './problem.ts';
import type { Tree } from './rollout.ts';
import { sharedResponseWarnings } from './shared-response.ts';
import type { Trust } from './trust.ts';

export interface FleetCheckOptions {
  readonly paths: readonly string[];
  readonly pathsMayBeAbsent: boolean;
  /** The `--set` flags. */
  readonly settings: readonly string[];
  readonly trust: Trust;
}

export interface FleetProblem extends Problem {
  /** Whom it concerns; empty where it is no device's own. */
  readonly devices: readonly string[];
}

export interface FleetCheck {
  /** Ids that were checked, made-up ones left out. */
  readonly devices: readonly string[];
  /** In which trees; empty for one device whose tree has problems. */
  readonly trees: readonly Tree[];
  /** Each once, however many devices it concerns. */
  readonly problems: readonly FleetProblem[];
  readonly warnings: readonly string[];
}

/** Stands for every device that has no file of its own. */
export const DEVICE_WITHOUT_FILE = 'a-device-without-a-file';

/** One device, in the tree that it takes. */
export async function checkDevice(id: string, options: FleetCheckOptions): Promise<FleetCheck> {
  const tally = new Tally();
  const outcome = await load({ id, settings: [] }, undefined, options);
  tally.add(id, outcome);
  return tally.result([id], outcome.kind === 'loaded' ? [outcome.rollout?.tree ?? 'current'] : []);
}

/** Every file below `devices/`, a device without one, and each group that no device names, in the current and the next tree. */
export async function checkAllDevices(options: FleetCheckOptions): Promise<FleetCheck> {
  const tally = new Tally();
  const hasNext = (await Promise.all(options.paths.map((path) => pathKind(join(path, 'next'))))).includes(
    'folder',
  );
  const trees: readonly Tree[] = hasNext ? ['current', 'next'] : ['current'];
  const devices = new Set<string>();
  for (const tree of trees) {
    const folders = options.paths.map((path) => (tree === 'next' ? join(path, 'next') : path));
    const ids = await namesIn(folders, 'devices');
    const groups = await namesIn(folders, 'groups');
    tally.addAll(misnamed(folders, { ids, groups }));
    const unseen = new Set(groups.filter((name) => groupNames.accepts([name])));
    for (const id of ids.filter((name) => deviceId.accepts(name))) {
      devices.add(id);
      const outcome = await load({ id, settings: [] }, tree, options);
      tally.add(id, outcome);
      if (outcome.kind === 'loaded') outcome.config.device.groups.forEach((name) => unseen.delete(name));
    }
    tally.add('', await load({ id: DEVICE_WITHOUT_FILE, settings: [] }, tree, options));
    for (const name of unseen) {
      const settings = [`device.groups=["${name}"]`];
      tally.add('', await load({ id: DEVICE_WITHOUT_FILE, settings }, tree, options));
    }
  }
  if (tally.isOfNothing) tally.addAll(options.paths.map(noTree));
  return tally.result([...devices].sort(), trees);
}

/** A hook that is given the wrong folder would let everything pass. */
function noTree(path: string): Problem {
  return fileProblem(
    path,
    'it holds no file of a fleet',
    'fleet, groups/NAME or devices/ID (json, yaml or yml)',
  );
}

function load(
  device: { readonly id: string; readonly settings: readonly string[] },
  tree: Tree | undefined,
  { paths, pathsMayBeAbsent, settings, trust }: FleetCheckOptions,
): Promise<LoadOutcome> {
  return loadConfig({
    paths,
    defaultPathMayBeAbsent: pathsMayBeAbsent,
    env: {},
    settings: [...settings, ...device.settings],
    hostName: '',
    device: device.id,
    trust,
    ...(tree === undefined ? {} : { tree }),
  });
}

async function namesIn(folders: readonly string[], below: string): Promise<readonly string[]> {
  const names = await Promise.all(folders.map((folder) => layerNames(join(folder, below))));
  return [...new Set(names.flat())];
}

/** A file whose name no device and no group can have is never read. */
function misnamed(
  folders: readonly string[],
  { ids, groups }: { readonly ids: readonly string[]; readonly groups: readonly string[] },
): readonly Problem[] {
  const folder = folders[0] ?? '.';
  const wrong = (below: string, name: string, allowed: string): Problem =>
    fileProblem(join(folder, below, name), 'its name is none that a layer can have', allowed);
  return [
    ...ids.filter((name) => !deviceId.accepts(name)).map((name) => wrong('devices', name, deviceId.allowed)),
    ...groups
      .filter((name) => !groupNames.accepts([name]))
      .map((name) => wrong('groups', name, groupNames.allowed)),
  ];
}

/** Problems and warnings, each once; in the order in which they were found. */
class Tally {
  readonly #problems = new Map<string, { readonly problem: Problem; readonly devices: Set<string> }>();
  readonly #warnings = new Set<string>();
  #files = 0;

  /** No file was read, and none was refused. */
  get isOfNothing(): boolean {
    return this.#files === 0 && this.#problems.size === 0;
  }

  add(device: string, outcome: LoadOutcome): void {
    if (outcome.kind === 'loaded') {
      this.#files += outcome.files.length;
      [...outcome.warnings, ...sharedResponseWarnings(outcome)].forEach((warning) =>
        this.#warnings.add(warning),
      );
      return;
    }
    this.addAll(outcome.problems, device);
  }

  addAll(problems: readonly Problem[], device = ''): void {
    for (const problem of problems) {
      const text = formatProblem(problem);
      const known = this.#problems.get(text) ?? { problem, devices: new Set<string>() };
      if (device !== '') known.devices.add(device);
      this.#problems.set(text, known);
    }
  }

  result(devices: readonly string[], trees: readonly Tree[]): FleetCheck {
    const problems = [...this.#problems.values()].map((known) => {
      return { ...known.problem, devices: [...known.devices].sort() };
    });
    return { devices, trees, problems, warnings: [...this.#warnings] };
  }
}
