// Finds the repository for tests that look at it as a whole; it looks only at folders above the current one.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder that holds tsconfig.json: the tests run compiled, from wherever they were compiled to. */
export function repositoryRoot(): string {
  let folder = process.cwd();
  while (!existsSync(join(folder, 'tsconfig.json'))) {
    assert.notEqual(dirname(folder), folder, 'run the tests inside the repository');
    folder = dirname(folder);
  }
  return folder;
}
