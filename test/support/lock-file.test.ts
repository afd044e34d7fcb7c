import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '../../src/support/clock.ts';
import { acquireLock, type LockOutcome } from '../../src/support/lock-file.ts';
import { createRunProcess } from '../../src/support/run-process.ts';

const NOBODY = 65_534;

describe('acquireLock()', () => {
  let folder: string;
  const run = createRunProcess({
    clock: createSystemClock(),
    kill: (pid, signal) => process.kill(pid, signal),
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shutterd-lock-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function acquire(name = 'lock', searchPath = '/usr/bin:/bin'): Promise<LockOutcome> {
    return acquireLock({ path: join(folder, name), run, searchPath });
  }

  function leadsToLock(descriptor: string): boolean {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === join(folder, 'lock');
    } catch {
      return false; // readdir's own descriptor is gone by now
    }
  }

  async function hold(): Promise<() => Promise<void>> {
    const outcome = await acquire();
    assert.equal(outcome.kind, 'held');
    return outcome.release;
  }

  it('fails with the code of a file that cannot be opened', async () => {
    const outcome = await acquire('no-folder/lock');
    assert.ok(outcome.kind === 'failed' && outcome.code === 'ENOENT');
  });

  it('fails where there is no flock program, and says what it belongs to', async () => {
    const outcome = await acquire('lock', folder);
    assert.ok(outcome.kind === 'failed' && outcome.code === 'FLOCK' && outcome.detail.includes('util-linux'));
    await (
      await hold()
    )();
  });

  it('is refused while it is held, and granted after its release', async () => {
    const release = await hold();
    assert.deepEqual(await acquire(), { kind: 'taken' });
    assert.deepEqual(await acquire(), { kind: 'taken' }, 'a refused attempt takes nothing away');
    const held = readdirSync('/proc/self/fd').filter((descriptor) => leadsToLock(descriptor));
    assert.equal(held.length, 1, 'and leaves no descriptor behind');
    await release();
    await (
      await hold()
    )();
  });

  it('is released twice without harm', async () => {
    const release = await hold();
    await release();
    await release();
  });

  it('does not free the lock of the next holder when it is released twice', async () => {
    const release = await hold();
    await release();
    const releaseNext = await hold();
    await release();
    assert.deepEqual(await acquire(), { kind: 'taken' });
    await releaseNext();
  });

  it('writes nothing into the file, and keeps it from other users', async () => {
    const release = await hold();
    assert.equal(readFileSync(join(folder, 'lock'), 'utf8'), '');
    assert.equal(statSync(join(folder, 'lock')).mode & 0o777, 0o600);
    await release();
  });

  it('fails on a lock of another user that this one may not open, and says whose it has to be', async () => {
    assert.equal(process.getuid?.(), 0, 'only root can be two users: run the tests as root');
    writeFileSync(join(folder, 'lock'), '', { mode: 0o600 });
    chownSync(folder, NOBODY, NOBODY);
    process.seteuid?.(NOBODY);
    try {
      const outcome = await acquire();
      assert.ok(outcome.kind === 'failed' && outcome.code === 'EACCES');
      assert.match(outcome.detail, /have to be this user's/);
    } finally {
      process.seteuid?.(0);
    }
  });

  it('gives the lock that root makes to the owner of the folder', async () => {
    assert.equal(process.getuid?.(), 0, 'only root can be two users: run the tests as root');
    chownSync(folder, NOBODY, NOBODY);
    await (
      await hold()
    )();
    assert.equal(statSync(join(folder, 'lock')).uid, NOBODY);
  });

  const others: readonly { what: string; code: string; plant: (path: string) => unknown }[] = [
    {
      what: 'a FIFO that nobody reads',
      code: 'ENXIO',
      plant: (path) => execFileSync('mkfifo', [path]),
    },
    { what: 'a folder', code: 'EISDIR', plant: (path) => mkdirSync(path) },
    { what: 'a link to nowhere', code: 'ELOOP', plant: (path) => symlinkSync('/nowhere/at/all', path) },
  ];
  for (const { what, code, plant } of others) {
    it(`fails at once with ${code} where ${what} has its name`, async () => {
      plant(join(folder, 'lock'));
      const outcome = await acquire();
      assert.ok(outcome.kind === 'failed' && outcome.code === code, JSON.stringify(outcome));
    });
  }

  it('fails where a FIFO has its name that somebody reads', async () => {
    execFileSync('mkfifo', [join(folder, 'lock')]);
    const reader = openSync(join(folder, 'lock'), constants.O_RDONLY | constants.O_NONBLOCK);
    const outcome = await acquire();
    closeSync(reader);
    assert.ok(outcome.kind === 'failed' && outcome.code === 'EINVAL', JSON.stringify(outcome));
    assert.match(outcome.detail, /Cannot lock .*: it is no regular file, only one can be a lock/);
  });

  it('follows no link', async () => {
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'lock'));
    const outcome = await acquire();
    assert.ok(outcome.kind === 'failed' && outcome.code === 'ELOOP');
  });

  it('takes no notice of what is in a lock file that an earlier run left', async () => {
    writeFileSync(join(folder, 'lock'), '4711\n');
    await (
      await hold()
    )();
    assert.equal(readFileSync(join(folder, 'lock'), 'utf8'), '4711\n');
  });
});
