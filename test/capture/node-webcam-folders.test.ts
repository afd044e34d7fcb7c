import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCaptureFolders, type CaptureFolders } from '../../src/capture/node-webcam-folders.ts';

describe('createCaptureFolders()', () => {
  let root: string;
  let parent: string;
  let folders: CaptureFolders;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'shutterd-folders-'));
    parent = join(root, 'private');
    folders = createCaptureFolders(parent);
  });

  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('says why where it can make none', async () => {
    writeFileSync(parent, 'a file');
    const made = await folders.make(join(parent, 'one'));
    assert.ok(made.kind === 'failed' && made.detail.includes('private: EEXIST'), JSON.stringify(made));
  });

  it('goes on beside three folders that cannot be removed, and at the fourth says why none is made', async () => {
    // Nobody can remove these, root included.
    for (const name of ['stat', 'status', 'maps']) await folders.remove(`/proc/self/${name}`);
    assert.equal((await folders.make(join(parent, 'one'))).kind, 'made');
    await folders.remove('/proc/self/limits');
    const made = await folders.make(join(parent, 'two'));
    assert.equal(made.kind, 'failed');
    assert.match(made.detail, /^Cannot remove 4 folders of earlier captures: E[A-Z]+: .*\/proc\/self\/stat'/);
    assert.equal(existsSync(join(parent, 'two')), false);
  });

  it('makes a folder for us alone, and removes it with all that is in it', async () => {
    const path = join(parent, 'one');
    assert.deepEqual(await folders.make(path), { kind: 'made' });
    assert.deepEqual(
      [parent, path].map((made) => statSync(made).mode & 0o777),
      [0o700, 0o700],
    );
    writeFileSync(join(path, 'picture.jpg'), '');
    await folders.remove(path);
    await folders.removeLeft();
    assert.equal(existsSync(path), false);
  });
});
