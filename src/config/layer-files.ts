// Reads single layer files with their problems, each file by itself; which files there are is decided in layers.
import { join } from 'node:path';
import { errorMessage } from '../support/errors.ts';
import { listFolder, readBoundedFile } from '../support/files.ts';
import { FILE_BYTES_MAX, parseDocument } from './document.ts';
import { nearestName } from './nearest-name.ts';
import { fileProblem, type Problem } from './problem.ts';
import type { Keys } from './schema.ts';
import { settingsOfFile, type LayerKind, type Setting } from './setting.ts';

/** What one or several files say. */
export interface Layers {
  /** In the order of the layers; the last one wins. */
  readonly settings: readonly Setting[];
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

export const NOTHING: Layers = { settings: [], files: [], problems: [], warnings: [] };

const ENDINGS = ['json', 'yaml', 'yml'];

/** `base` without its ending: one file of `.json`, `.yaml` or `.yml`, or none. */
export async function readLayer(base: string, layer: LayerKind, keys: Keys): Promise<Layers> {
  const read = await Promise.all(ENDINGS.map((ending) => readFile(`${base}.${ending}`, layer, keys)));
  const present = read.filter((file) => !isAbsent(file));
  const [first, second] = ENDINGS.filter((_, at) => !isAbsent(read[at])).map((ending) => `${base}.${ending}`);
  if (first !== undefined && second !== undefined) {
    return refused(fileProblem(second, `${first} is there too`, 'one file for one layer'));
  }
  return present[0] ?? NOTHING;
}

export async function readFile(path: string, layer: LayerKind, keys: Keys): Promise<Layers> {
  const read = await readBoundedFile(path, FILE_BYTES_MAX);
  switch (read.kind) {
    case 'absent':
      return NOTHING;
    case 'tooLarge':
      return refused(
        fileProblem(path, `it has ${String(read.bytes)} bytes`, `at most ${String(FILE_BYTES_MAX)}`),
      );
    case 'failed':
      return refused(fileProblem(path, read.detail, 'a regular file that this user may read'));
    case 'read': {
      const document = parseDocument(read.bytes);
      if (document.kind === 'document') {
        return { ...NOTHING, files: [path], ...settingsOfFile({ path, layer, document }, keys) };
      }
      const problems = document.faults.map(({ line, column, found, allowed }) => {
        const place = line === undefined ? '' : `:${String(line)}:${String(column ?? 1)}`;
        return fileProblem(path + place, found, allowed);
      });
      return { ...NOTHING, problems };
    }
  }
}

/** `fleeet.yaml` would otherwise be a file that somebody trusts and nobody reads. */
export async function strayFiles(folder: string): Promise<Layers> {
  try {
    const strays = (await listFolder(folder)).filter((name) =>
      /^(?!\.|fleet\.|local\.).*\.(?:json|yaml|yml)$/.test(name),
    );
    const warnings = strays.map((name) => {
      const nearest = nearestName(name.replace(/\.\w+$/, ''), ['fleet', 'local']);
      const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
      return `${join(folder, name)} is not read: only fleet, local, groups/NAME and devices/ID are layers${hint}`;
    });
    return { ...NOTHING, warnings };
  } catch (error) {
    return refused(fileProblem(folder, errorMessage(error), 'a folder that this user may read'));
  }
}

export function refused(problem: Problem): Layers {
  return { ...NOTHING, problems: [problem] };
}

export function isAbsent(layer: Layers | undefined): boolean {
  return layer === undefined || (layer.files.length === 0 && layer.problems.length === 0);
}
