import assert from 'node:assert/strict';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openOutbox, type OpenOutboxOutcome } from '../../src/outbox/open-outbox.ts';
import { mayHoldOutbox } from '../../src/outbox/outbox-place.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createRunProcess } from '../../src/support/run-process.ts';
import { createRecordingLog } from '../helpers/recording-log.ts';

const NOBODY = 65_534;

describe('openOutbox()', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'open-outbox-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  function open(directory: string): Promise<OpenOutboxOutcome> {
    const clock = createSystemClock();
    const bounds = {
      maxEntries: 10,
      maxBytes: -1,
      maxAgeSeconds: 0,
      minFreeBytes: 0,
      whenFull: 'dropNewest',
    } as const;
    return openOutbox({
      ...{ directory, bounds, clock, clockSynchronised: () => true, log: createRecordingLog() },
      run: createRunProcess({ clock, kill: (pid, signal) => process.kill(pid, signal) }),
      searchPath: process.env['PATH'] ?? '',
    });
  }

  it('fails with the code of the system where its folder cannot be made', async () => {
    await writeFile(join(folder, 'file'), '');
    const outcome = await open(join(folder, 'file', 'outbox'));
    assert.ok(outcome.kind === 'failed' && outcome.code === 'ENOTDIR');
  });

  it('frees its lock where the folder turns out to be unusable', async () => {
    assert.equal(process.getuid?.(), 0, 'only root can be two users: run the tests as root');
    await chown(folder, NOBODY, NOBODY);
    await mkdir(join(folder, 'quarantine'), { mode: 0o700 });
    process.seteuid?.(NOBODY);
    try {
      const outcome = await open(folder);
      assert.ok(outcome.kind === 'failed' && outcome.code === 'EACCES');
    } finally {
      process.seteuid?.(0);
    }
    await rm(join(folder, 'quarantine'), { recursive: true });
    const outcome = await open(folder);
    assert.ok(outcome.kind === 'open');
    await outcome.outbox.close();
  });

  const ENTRY = `${'0'.repeat(15)}1.00000000-0000-4000-8000-000000000001.5.entry`;
  const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8);
  const folderWith = async (mode: number, names: readonly string[]): Promise<string> => {
    const path = join(folder, 'mnt');
    await mkdir(path);
    for (const name of names) {
      if (name.endsWith('/')) await mkdir(join(path, name));
      else await writeFile(join(path, name), 'x');
    }
    await chmod(path, mode);
    return path;
  };

  const foreign: readonly (readonly [string, number, readonly string[], RegExp])[] = [
    ['holds files of others', 0o755, ['a', 'b', 'c', 'd'], /\(755\) and holds a, b, c and 1 more;/],
    ['is shared by everybody', 0o1777, ['systemd-private/'], /\(1777\) and holds systemd-private;/],
    ['is shared by everybody, and is empty for now', 0o1777, [], /is for everybody/],
    ['is a mount point in use', 0o755, ['lost+found/', 'photos/'], /holds photos/],
    ['has a folder where a daemon has its lock', 0o750, ['.lock/'], /holds \.lock/],
    ['has names that a terminal would obey', 0o755, ['\u001b[2J'], /holds \\u001b\[2J;/],
  ];
  for (const [what, mode, names, why] of foreign) {
    it(`leaves a folder as it is that ${what}, and names another`, async () => {
      const path = await folderWith(mode, names);
      const before = await readdir(path);
      const outcome = await open(path);
      assert.ok(outcome.kind === 'foreign');
      assert.match(outcome.detail, why);
      assert.ok(outcome.detail.endsWith(`name an empty or new folder, e.g. ${path}/shutterd-outbox`));
      assert.deepEqual([await modeOf(path), await readdir(path)], [mode.toString(8), before]);
      assert.deepEqual(await mayHoldOutbox(path), { detail: outcome.detail });
    });
  }

  const ours: readonly (readonly [string, number, readonly string[]])[] = [
    ['is empty', 0o755, []],
    ['is an empty mount point', 0o755, ['lost+found/']],
    ['had its outbox sent and its lock left out of a backup', 0o755, ['quarantine/']],
    ['came back from a backup with an entry', 0o755, [ENTRY, 'stranger']],
    ['came back from a backup with its lock', 0o770, ['.lock', 'stranger']],
    ['was private already', 0o700, ['stranger']],
  ];
  for (const [what, mode, names] of ours) {
    it(`takes a folder that ${what}, and closes it`, async () => {
      const path = await folderWith(mode, names);
      assert.equal(await mayHoldOutbox(path), 'yes');
      const outcome = await open(path);
      assert.ok(outcome.kind === 'open');
      assert.equal(await modeOf(path), '700');
      assert.equal((await readdir(path)).includes('lost+found'), names.includes('lost+found/'));
      await outcome.outbox.close();
    });
  }

  it('is taken while another one has it open', async () => {
    const first = await open(folder);
    assert.ok(first.kind === 'open');
    assert.equal((await open(folder)).kind, 'taken');
    await first.outbox.close();
    const again = await open(folder);
    assert.ok(again.kind === 'open');
    await again.outbox.close();
  });
});
