// Files seen with another user's eyes, and who has them open.
import assert from 'node:assert/strict';
import { chmod, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { barrier } from '../../src/support/access-rights.ts';
import { diskRoom, fileFacts } from '../../src/support/file-facts.ts';
import { whoHasOpen } from '../../src/support/who-has-open.ts';
import { startChild } from '../helpers/child.ts';
import { Scope } from '../helpers/scope.ts';

const STRANGER = { name: 'stranger', userId: 54_321, groupIds: [54_321] };

describe('barrier()', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  async function keyIn(folderMode: number, mode: number): Promise<{ folder: string; key: string }> {
    const above = await scope.folder();
    await chmod(above, 0o755);
    const folder = join(above, 'private');
    await mkdir(folder);
    const key = join(folder, 'device.key');
    await writeFile(key, 'x');
    await chmod(key, mode);
    await chmod(folder, folderMode);
    return { folder, key };
  }

  it('is the file where its bits say no', async () => {
    const { key } = await keyIn(0o755, 0o600);
    assert.equal(await barrier(STRANGER, key, 'read'), key);
  });

  it('is the folder above, whatever the file says', async () => {
    const { folder, key } = await keyIn(0o700, 0o644);
    assert.equal(await barrier(STRANGER, key, 'read'), folder);
  });

  it('is none where the way is open, for reading alone or for both', async () => {
    const { key } = await keyIn(0o755, 0o644);
    assert.equal(await barrier(STRANGER, key, 'read'), undefined);
    assert.equal(await barrier(STRANGER, key, 'readAndWrite'), key);
    assert.equal(await barrier({ ...STRANGER, userId: 0 }, key, 'readAndWrite'), undefined);
  });

  it('is none for what is not there', async () => {
    const { folder } = await keyIn(0o755, 0o600);
    assert.equal(await barrier(STRANGER, join(folder, 'nothing'), 'read'), undefined);
  });
});

describe('whoHasOpen()', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  it('names the process that holds a file, and nobody once it has ended', async () => {
    const path = join(await scope.folder(), 'lock');
    await writeFile(path, '');
    assert.deepEqual(await whoHasOpen(path), []);
    const child = startChild(scope, {
      file: 'sh',
      args: ['-c', 'exec 7<"$1"; echo open; exec sleep 60', 'sh', path],
    });
    await child.lines.nth(1);
    const holders = await whoHasOpen(path);
    assert.deepEqual(
      holders.map(({ pid }) => pid),
      [child.pid],
    );
    child.signal('SIGKILL');
    await child.ended;
    assert.deepEqual(await whoHasOpen(path), []);
  });

  it('names ourselves for what we hold ourselves, and nobody for what is not there', async () => {
    const folder = await scope.folder();
    const handle = await open(join(folder, 'mine'), 'w');
    assert.deepEqual(
      (await whoHasOpen(join(folder, 'mine'))).map(({ pid }) => pid),
      [process.pid],
    );
    await handle.close();
    assert.deepEqual(await whoHasOpen(join(folder, 'nothing')), []);
  });
});

describe('fileFacts() and diskRoom()', () => {
  it('tell a device from a file and a folder, and room from no room', async () => {
    assert.equal((await fileFacts('/dev/null'))?.kind, 'device');
    assert.equal((await fileFacts('/dev'))?.kind, 'folder');
    assert.equal(await fileFacts('/nowhere'), undefined);
    assert.ok(((await diskRoom('/tmp'))?.freeBytes ?? 0) > 0);
    assert.equal(await diskRoom('/nowhere'), undefined);
  });
});
