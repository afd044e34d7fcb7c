import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile, chown, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openOutbox, type OpenOutboxOutcome } from '../../src/outbox/open-outbox.ts';
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
