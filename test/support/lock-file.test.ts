import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '../../src/support/clock.ts';
import { acquireLock, type LockOutcome } from '../../src/support/lock-file.ts';
import { createRunProcess } from '../../src/support/run-process.ts';

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
});
