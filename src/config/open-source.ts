// Opens one `--config` path as far as that goes before the device has a name: fleet, next/fleet and local. It chooses nothing.
import { join } from 'node:path';
import { ALLOWED } from './allowed.ts';
import type { FileSource } from './file-source.ts';
import {
  isAbsent,
  NOTHING,
  readFile,
  readLayer,
  refused,
  strayFiles,
  type Layers,
  type Reading,
} from './layer-files.ts';
import { fileProblem, type Problem } from './problem.ts';
import type { Tree } from './rollout.ts';
import type { Keys } from './schema.ts';
import { fileGate, folderGate, objectionWarning, type Trust } from './trust.ts';

export interface Source {
  /** Of the tree: where its groups/ and devices/ are. Absent for a single file. */
  readonly folder?: string;
  readonly reading: Reading;
  readonly fleet: Layers;
  readonly local: Layers;
  readonly problems: Layers;
  /** The tree beside this one, where it has a fleet file. */
  readonly next?: { readonly folder: string; readonly fleet: Layers; readonly warnings: Layers };
}

export interface SourceOptions {
  readonly keys: Keys;
  readonly files: FileSource;
  readonly pathsMayBeAbsent: boolean;
  readonly withLocal: boolean;
  readonly trust?: Trust;
}

export async function openSource(path: string, options: SourceOptions): Promise<Source> {
  const { keys, files, pathsMayBeAbsent, trust } = options;
  const untrusted = trust?.untrusted ?? 'refuse';
  const reading = { keys, files, untrusted, gate: fileGate(files, trust) };
  const alone = { reading, fleet: NOTHING, local: NOTHING };
  const kind = await files.kind(path);
  switch (kind) {
    case 'folder':
      return openFolder(path, options);
    case 'file':
      return { ...alone, local: await readFile(path, 'local', alone.reading), problems: NOTHING };
    case 'characterDevice':
    case 'other':
      return {
        ...alone,
        problems: refused(fileProblem(path, 'it is neither a file nor a folder', ALLOWED.fileOrFolder)),
      };
    case 'absent':
      // The folder nobody asked for: groups named elsewhere are still looked for in it, and missed by its name.
      return {
        ...alone,
        problems: pathsMayBeAbsent
          ? NOTHING
          : refused(fileProblem(path, 'it is not there, or may not be read', ALLOWED.existing)),
      };
  }
}

/** The source as the device reads it. Of the current tree the next one keeps `rollout` only, which decides about both. */
export function treeOf(source: Source, tree: Tree): Source {
  const { next, fleet, problems } = source;
  if (tree === 'current' || next === undefined) return source;
  const rollout = fleet.settings.filter(({ key }) => key.startsWith('rollout.'));
  return {
    ...source,
    folder: next.folder,
    fleet: {
      settings: [...rollout, ...next.fleet.settings],
      files: [...fleet.files, ...next.fleet.files],
      problems: [...fleet.problems, ...next.fleet.problems],
      warnings: [...fleet.warnings, ...next.fleet.warnings],
    },
    problems: { ...problems, warnings: [...problems.warnings, ...next.warnings.warnings] },
  };
}

async function openFolder(path: string, options: SourceOptions): Promise<Source> {
  const { keys, files, withLocal, trust } = options;
  const { gate, problems } = await folderGate(path, files, trust);
  const untrusted = trust?.untrusted ?? 'refuse';
  const reading: Reading = { keys, files, gate, untrusted };
  const folder = gate.root;
  const strays = await strayFiles(folder, ['fleet', 'local'], files);
  const next = await openNext(join(folder, 'next'), reading);
  return {
    folder,
    reading,
    fleet: await readLayer(join(folder, 'fleet'), 'fleet', reading),
    local: withLocal ? await readLayer(join(folder, 'local'), 'local', reading) : NOTHING,
    problems: {
      ...NOTHING,
      problems: [...strays.problems, ...(untrusted === 'refuse' ? problems : [])],
      warnings: [...objected(problems, untrusted), ...strays.warnings, ...(next?.without ?? [])],
    },
    ...(next?.tree === undefined ? {} : { next: next.tree }),
  };
}

function objected(problems: readonly Problem[], untrusted: Trust['untrusted']): readonly string[] {
  return untrusted === 'warn' ? problems.map(objectionWarning) : [];
}

/** A folder without a fleet file is no tree yet: a delivery that broke off must not put devices on the built-in defaults. */
async function openNext(
  folder: string,
  reading: Reading,
): Promise<
  { readonly tree?: NonNullable<Source['next']>; readonly without?: readonly string[] } | undefined
> {
  if ((await reading.files.kind(folder)) !== 'folder') return undefined;
  const fleet = await readLayer(join(folder, 'fleet'), 'next/fleet', reading);
  if (isAbsent(fleet)) {
    return { without: [`${folder} is not taken by any device: it has no fleet file`] };
  }
  return { tree: { folder, fleet, warnings: await strayFiles(folder, ['fleet'], reading.files) } };
}
