// Reads single layer files with their problems, each file by itself; which files there are is decided in layers.
import { basename, dirname, join } from 'node:path';
import { errorMessage } from '../support/errors.ts';
import { ALLOWED, FILE_BYTES_MAX } from './allowed.ts';
import { parseDocument } from './document.ts';
import { DISK, type FileSource } from './file-source.ts';
import { nearestName } from './nearest-name.ts';
import { fileProblem, type Problem } from './problem.ts';
import type { Keys } from './schema.ts';
import { settingsOfFile, type LayerKind, type Setting } from './setting.ts';
import { objectionWarning, type Gate, type Trust } from './trust.ts';

/** What one or several files say. */
export interface Layers {
  /** In the order of the layers; the last one wins. */
  readonly settings: readonly Setting[];
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

export const NOTHING: Layers = { settings: [], files: [], problems: [], warnings: [] };

/** What reading needs beside a path. */
export interface Reading {
  readonly keys: Keys;
  readonly files: FileSource;
  readonly gate: Gate;
  readonly untrusted: Trust['untrusted'];
}

const ENDINGS = ['json', 'yaml', 'yml'];
const LAYER_FILE = /\.(?:json|yaml|yml)$/;
// What Syncthing makes of a file that was changed in two places ("Conflicting Changes" in its documentation).
const CONFLICT_COPY = /\.sync-conflict-\d{8}-\d{6}/;

/** `base` without its ending: one file of `.json`, `.yaml` or `.yml`, or none. */
export async function readLayer(base: string, layer: LayerKind, reading: Reading): Promise<Layers> {
  const read = await Promise.all(ENDINGS.map((ending) => readFile(`${base}.${ending}`, layer, reading)));
  const present = read.filter((file) => !isAbsent(file));
  const [first, second] = ENDINGS.filter((_, at) => !isAbsent(read[at])).map((ending) => `${base}.${ending}`);
  if (first !== undefined && second !== undefined) {
    return refused(fileProblem(second, `${first} is there too`, ALLOWED.oneFile));
  }
  return present[0] ?? leadsNowhere(base, reading.files);
}

export async function readFile(path: string, layer: LayerKind, reading: Reading): Promise<Layers> {
  const { keys, files, gate, untrusted } = reading;
  const place = await gate.place(path);
  if (typeof place === 'object' && 'problem' in place) return refused(place.problem);
  // What has no real path is opened all the same, to tell what is not there from what this user may not reach.
  const real = place === 'absent' ? path : place.path;
  const read = await files.read(real, FILE_BYTES_MAX);
  switch (read.kind) {
    case 'absent':
      return NOTHING;
    case 'tooLarge':
      return refused(fileProblem(path, `it has ${String(read.bytes)} bytes`, ALLOWED.fileSize));
    case 'failed':
      return refused(fileProblem(path, read.detail, ALLOWED.readableFile));
    case 'read': {
      const objections = await gate.objections(real, read);
      // Not a word of its content: an error message would show it to whoever may not read the file.
      if (objections.length > 0 && untrusted === 'refuse') return { ...NOTHING, problems: objections };
      const said = contentOf({ path, layer, bytes: read.bytes }, keys);
      return { ...said, warnings: objections.map(objectionWarning) };
    }
  }
}

/** `fleeet.yaml` would otherwise be a file that somebody trusts and nobody reads. `names` are the layers of this folder. */
export async function strayFiles(
  folder: string,
  names: readonly string[],
  files: FileSource,
): Promise<Layers> {
  try {
    const layers = (await files.list(folder)).filter(
      (name) => LAYER_FILE.test(name) && !name.startsWith('.'),
    );
    const warnings = layers
      .filter((name) => !names.includes(name.replace(LAYER_FILE, '')))
      .map((name) => (CONFLICT_COPY.test(name) ? conflictCopy(folder, name) : stray(folder, name, names)));
    return { ...NOTHING, warnings: [...warnings, ...(await conflictsBelow(folder, files))] };
  } catch (error) {
    return refused(fileProblem(folder, errorMessage(error), ALLOWED.readableFolder));
  }
}

/** Names of the layers in `groups/` or `devices/`: their files without the ending, conflict copies left out. */
export async function layerNames(folder: string): Promise<readonly string[]> {
  const files = (await DISK.list(folder)).filter(
    (name) => LAYER_FILE.test(name) && !name.startsWith('.') && !CONFLICT_COPY.test(name),
  );
  return [...new Set(files.map((name) => name.replace(LAYER_FILE, '')))];
}

export function refused(problem: Problem): Layers {
  return { ...NOTHING, problems: [problem] };
}

export function isAbsent(layer: Layers | undefined): boolean {
  return layer === undefined || (layer.files.length === 0 && layer.problems.length === 0);
}

function contentOf(file: { path: string; layer: LayerKind; bytes: Uint8Array }, keys: Keys): Layers {
  const { path, layer, bytes } = file;
  const document = parseDocument(bytes);
  if (document.kind === 'document') {
    return { ...NOTHING, files: [path], ...settingsOfFile({ path, layer, document }, keys) };
  }
  const problems = document.faults.map(({ line, column, found, allowed }) => {
    const place = line === undefined ? '' : `:${String(line)}:${String(column ?? 1)}`;
    return fileProblem(path + place, found, allowed);
  });
  return { ...NOTHING, problems };
}

/** A name whose link leads to nothing is half a delivery, and no sign that a layer is not wanted. */
async function leadsNowhere(base: string, files: FileSource): Promise<Layers> {
  try {
    const names = await files.list(dirname(base));
    const found = ENDINGS.map((ending) => `${basename(base)}.${ending}`).find((name) => names.includes(name));
    if (found === undefined) return NOTHING;
    return refused(
      fileProblem(join(dirname(base), found), 'it is a link that leads nowhere', ALLOWED.fileOrLink),
    );
  } catch {
    return NOTHING; // a folder that may be entered and not listed; what was asked for is not in it
  }
}

async function conflictsBelow(folder: string, files: FileSource): Promise<readonly string[]> {
  const found = await Promise.all(
    ['groups', 'devices'].map(async (below) => {
      const names = await files.list(join(folder, below));
      return names
        .filter((name) => CONFLICT_COPY.test(name))
        .map((name) => conflictCopy(join(folder, below), name));
    }),
  );
  return found.flat();
}

function conflictCopy(folder: string, name: string): string {
  return `${join(folder, name)} is not read: it is a conflict copy of Syncthing; merge it by hand and delete it`;
}

function stray(folder: string, name: string, names: readonly string[]): string {
  const nearest = nearestName(name.replace(LAYER_FILE, ''), names);
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return `${join(folder, name)} is not read: only ${[...names, 'groups/NAME'].join(', ')} and devices/ID are layers${hint}`;
}
