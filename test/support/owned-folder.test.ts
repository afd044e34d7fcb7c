// Temporary folders of processes that live, and of real ones that were killed.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeTemporaryFolder } from '../../src/support/files.ts';
import { makeOwnedFolder, removeAbandonedFolders } from '../../src/support/owned-folder.ts';

const HOLDER = fileURLToPath(new URL('./hold-folder.js', import.meta.url));
const userId = process.getuid?.() ?? 0;

describe('removeAbandonedFolders()', () => {
  let parent: string;
  let holders: ChildProcess[];

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'shutterd-owned-'));
    holders = [];
  });

  afterEach(() => {
    for (const holder of holders) holder.kill('SIGKILL');
    rmSync(parent, { recursive: true, force: true });
  });

  /** A process with a folder of its own. */
  async function hold(): Promise<{ readonly path: string; readonly kill: () => Promise<void> }> {
    const holder = spawn(process.execPath, [HOLDER, parent], { stdio: ['pipe', 'pipe', 'inherit'] });
    holders.push(holder);
    const ended = once(holder, 'exit');
    const [said] = (await once(holder.stdout, 'data')) as [Buffer];
    const kill = async (): Promise<void> => {
      holder.kill('SIGKILL');
      await ended;
    };
    return { path: said.toString().trim(), kill };
  }

  /** A folder as a killed process leaves it, with another owner file. */
  function leave(name: string, owner: string): string {
    const path = join(parent, name);
    mkdirSync(path, { mode: 0o700 });
    writeFileSync(join(path, 'owner'), owner);
    return path;
  }

  it('removes the folder of a process that was killed, and leaves that of one that lives', async () => {
    const [dead, alive] = [await hold(), await hold()];
    const own = await makeOwnedFolder(parent);
    await removeAbandonedFolders(parent, userId);
    assert.equal(existsSync(join(dead.path, 'picture.jpg')), true);
    await dead.kill();
    await removeAbandonedFolders(parent, userId);
    assert.deepEqual(
      readdirSync(parent).sort(),
      [alive.path, own.path].map((path) => path.slice(parent.length + 1)).sort(),
    );
  });

  it('removes the folder of an earlier boot, and of a process whose id another one has', async () => {
    const own = await makeOwnedFolder(parent);
    const [boot = '', pid = ''] = readFileSync(join(own.path, 'owner'), 'utf8').split(' ');
    const earlier = leave('shutterd-a', `${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)} ${pid} 1\n`);
    const reused = leave('shutterd-b', `${boot} ${pid} 1\n`);
    await removeAbandonedFolders(parent, userId);
    assert.deepEqual(
      [earlier, reused, own.path].map((path) => existsSync(path)),
      [false, false, true],
    );
  });

  it('touches nothing that is not such a folder of this user', async () => {
    const dead = await hold();
    await dead.kill();
    const owner = readFileSync(join(dead.path, 'owner'), 'utf8');
    const pictures = await makeTemporaryFolder(parent);
    const open = leave('shutterd-open', owner);
    chmodSync(open, 0o755);
    const kept = [
      pictures.path,
      open,
      leave('other-a', owner),
      leave('shutterd-c', 'nonsense'),
      leave('shutterd-d', owner.trim()),
      leave('shutterd-e', ''),
    ];
    symlinkSync(dead.path, join(parent, 'shutterd-link'));
    await removeAbandonedFolders(parent, userId + 1);
    assert.equal(existsSync(dead.path), true);
    await removeAbandonedFolders(parent, userId);
    assert.equal(existsSync(dead.path), false);
    assert.ok(kept.every((path) => existsSync(path)));
  });

  it('has nothing to do where there is no folder, or none that can be listed', async () => {
    const circle = join(parent, 'circle');
    symlinkSync(circle, circle);
    await removeAbandonedFolders(join(parent, 'absent'), userId);
    await removeAbandonedFolders(circle, userId);
  });
});

describe('makeOwnedFolder()', () => {
  it('makes a private folder and removes it whole, twice without harm', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'shutterd-owned-'));
    try {
      const folder = await makeOwnedFolder(parent);
      assert.equal(statSync(folder.path).mode & 0o777, 0o700);
      mkdirSync(join(folder.path, 'inside'));
      await folder.remove();
      await folder.remove();
      assert.deepEqual(readdirSync(parent), []);
    } finally {
      rmSync(parent, { recursive: true, force: true });
    }
  });
});
