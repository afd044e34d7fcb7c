// Reads a repository from the disk for the house rules; it never changes a file and parses nothing itself.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HouseTree } from './tree.ts';
import { houseTree } from './tree.ts';

const READ_FOLDERS = ['src/', 'cloud/', 'scripts/', 'test/'];
const FIXTURES = 'test/fixtures/';
const NOT_OURS = ['node_modules', 'dist', 'build', '.git'];

/** @throws the file system's own error where `root` cannot be read. */
export function readTree(root: string): HouseTree {
  const paths = pathsBelow(root, '');
  const read = paths.filter(
    (path) => READ_FOLDERS.some((folder) => path.startsWith(folder)) && !path.startsWith(FIXTURES),
  );
  const texts = Object.fromEntries(read.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
  return houseTree(
    texts,
    paths.filter((path) => !(path in texts)),
  );
}

function pathsBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((found) => {
    if (folder === '' && NOT_OURS.includes(found.name)) return [];
    const path = folder === '' ? found.name : `${folder}/${found.name}`;
    return found.isDirectory() ? pathsBelow(root, path) : [path];
  });
}
