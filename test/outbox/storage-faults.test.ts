// The outbox on a disk that breaks and works again: one line when it begins, one when it ends, and nothing lost between.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outbox } from '../../src/domain.ts';
import type { OutboxBounds } from '../../src/outbox/bounds.ts';
import { loadOutbox } from '../../src/outbox/outbox.ts';
import { openQuarantine } from '../../src/outbox/quarantine.ts';
import { openDurableFolder } from '../../src/support/durable-file.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog, type RecordingLog } from '../helpers/recording-log.ts';
import { sampleNumber, sampleRequest } from '../helpers/sample-request.ts';
import { createFaultyFolder, type FaultyFolder, type FolderCall } from './faulty-folder.ts';
import { BOUNDS, ONLINE, store, takeAll } from './outbox-bench.ts';

const ALL: readonly FolderCall[] = ['write', 'read', 'remove', 'move', 'flush', 'probe'];
const WRITING: readonly FolderCall[] = ['write', 'remove', 'move', 'flush', 'probe'];
const RECOVERY_MS = 10_000;
/** Of the event loop; a disk needs a few hundred. */
const TURNS_MAX = 100_000;

describe('Outbox on a failing disk', () => {
  let root: string;
  let clock: FakeClock;
  let log: RecordingLog;
  let folder: FaultyFolder;
  const opened: Outbox[] = [];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'shutterd-faults-'));
    clock = createFakeClock();
    log = createRecordingLog();
  });

  afterEach(async () => {
    for (const outbox of opened.splice(0)) await outbox.close();
    assert.equal(clock.timers(), 0, 'a closed outbox leaves no timer behind');
    rmSync(root, { recursive: true, force: true });
  });

  async function open(bounds: Partial<OutboxBounds> = {}): Promise<Outbox> {
    folder = createFaultyFolder(await openDurableFolder(root));
    const aside = await openDurableFolder(join(root, 'quarantine'));
    const outbox = await loadOutbox({
      ...{ folder, clock, log, clockSynchronised: () => true, bounds: { ...BOUNDS, ...bounds } },
      quarantine: await openQuarantine(aside, { maxFiles: 100, maxBytes: -1 }, log),
      freeBytes: () => Promise.resolve(Number.MAX_SAFE_INTEGER),
      release: () => Promise.resolve(),
    });
    opened.push(outbox);
    return outbox;
  }

  /** Lets the time pass within which normal work has to be back, and the work on the real disk end that it started. */
  async function waitForRecovery(): Promise<void> {
    const lines = log.of('storage.recovered').length;
    await clock.advance(RECOVERY_MS);
    for (let turn = 0; turn < TURNS_MAX && log.of('storage.recovered').length === lines; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  const entryNames = (): readonly string[] => readdirSync(root).filter((name) => name !== 'quarantine');
  const storageLines = (): readonly string[] => log.summary().filter((line) => line.includes('storage.'));

  for (const code of ['ENOSPC', 'EIO', 'EROFS', 'EMFILE', 'EACCES']) {
    it(`answers ${code} with the cause, says so once with a remedy, and once that it works again`, async () => {
      const outbox = await open();
      await store(outbox, sampleRequest(1));
      folder.breaks(code, WRITING);
      for (const number of [2, 3, 4]) {
        const outcome = await outbox.add(sampleRequest(number), ONLINE);
        assert.ok(outcome.kind === 'failed' && outcome.code === code);
      }
      await clock.advance(60_000);
      const [line] = log.lines;
      assert.ok(line !== undefined && typeof line.fields['remedy'] === 'string');
      assert.deepEqual([line.fields['operation'], line.fields['code']], ['store', code]);
      assert.deepEqual(storageLines(), ['error storage.failing']);
      folder.works();
      await waitForRecovery();
      assert.deepEqual(storageLines(), ['error storage.failing', 'info storage.recovered']);
      await store(outbox, sampleRequest(5));
      assert.deepEqual(await takeAll(outbox), [1, 5]);
      assert.equal(storageLines().length, 2);
    });
  }

  it('is well again with the first request that can be stored, before any probe', async () => {
    const outbox = await open();
    folder.breaks('ENOSPC', ['write']);
    await outbox.add(sampleRequest(1), ONLINE);
    folder.works();
    await store(outbox, sampleRequest(2));
    assert.deepEqual(storageLines(), ['error storage.failing', 'info storage.recovered']);
    await clock.advance(60_000);
    assert.equal(storageLines().length, 2);
  });

  it('goes on delivering while nothing can be written, sends nothing twice, and removes it when it can', async () => {
    const outbox = await open();
    for (const number of [1, 2, 3]) await store(outbox, sampleRequest(number));
    folder.breaks('EROFS', WRITING);
    assert.deepEqual(await takeAll(outbox), [1, 2, 3]);
    assert.deepEqual(outbox.counts(), { entries: 0, bytes: 0, quarantined: 0 });
    assert.equal(entryNames().length, 3);
    folder.works();
    await waitForRecovery();
    assert.deepEqual(entryNames(), []);
    assert.deepEqual(storageLines(), ['error storage.failing', 'info storage.recovered']);
  });

  it('counts delivered files that cannot be removed against the bounds', async () => {
    const outbox = await open({ maxEntries: 2 });
    const first = await store(outbox, sampleRequest(1));
    await store(outbox, sampleRequest(2));
    folder.breaks('EIO', ['remove', 'probe']);
    await outbox.remove(first);
    assert.deepEqual(await outbox.add(sampleRequest(3), ONLINE), { kind: 'refused', reason: 'outboxFull' });
  });

  it('refuses the new request where the oldest cannot be dropped, and records no drop', async () => {
    const outbox = await open({ maxEntries: 2, whenFull: 'dropOldest' });
    await store(outbox, sampleRequest(1));
    await store(outbox, sampleRequest(2));
    folder.breaks('EROFS', WRITING);
    const outcome = await outbox.add(sampleRequest(3), ONLINE);
    assert.ok(outcome.kind === 'failed' && outcome.code === 'EROFS');
    assert.equal(outbox.counts().entries, 2);
    assert.deepEqual(log.of('request.dropped'), []);
    folder.works();
    await waitForRecovery();
    assert.deepEqual([...(await takeAll(outbox))].sort(), [1, 2]);
  });

  it('keeps an entry that is too old, where it cannot be dropped', async () => {
    const outbox = await open({ maxAgeSeconds: 60 });
    const entry = await store(outbox, sampleRequest(1));
    clock.jump(100_000);
    folder.breaks('EROFS', WRITING);
    assert.equal((await outbox.read(entry)).kind, 'failed');
    assert.deepEqual(log.of('request.dropped'), []);
    folder.works();
    await waitForRecovery();
    assert.equal((await outbox.read(entry)).kind, 'dropped');
    assert.equal(log.of('request.dropped').length, 1);
  });

  it('sets an entry aside later where it cannot be moved now, never sends it again, and reports it once', async () => {
    const outbox = await open();
    const entry = await store(outbox, sampleRequest(1));
    folder.breaks('EROFS', WRITING);
    await outbox.quarantine(entry, 'a test wants it');
    assert.equal(outbox.oldest(), undefined);
    assert.deepEqual(outbox.counts(), { entries: 1, bytes: 10, quarantined: 0 });
    assert.deepEqual(log.of('request.quarantined'), []);
    folder.works();
    await waitForRecovery();
    assert.deepEqual(outbox.counts(), { entries: 0, bytes: 0, quarantined: 1 });
    assert.equal(log.of('request.quarantined').length, 1);
    assert.deepEqual(storageLines(), ['error storage.failing', 'info storage.recovered']);
  });

  it('lets those behind one unreadable entry go first, and tries it again after 10 s', async () => {
    const outbox = await open();
    for (const number of [1, 2, 3]) await store(outbox, sampleRequest(number));
    const bad = outbox.oldest();
    assert.ok(bad !== undefined);
    folder.breaks('EIO', ['read'], (name) => name.includes(bad.requestId));
    assert.equal((await outbox.read(bad)).kind, 'failed');
    for (const number of [2, 3]) {
      const next = outbox.oldest();
      assert.ok(next !== undefined && sampleNumber(next) === number);
      assert.equal((await outbox.read(next)).kind, 'request');
      await outbox.remove(next);
    }
    assert.equal(outbox.oldest(), bad, 'alone it is the next one again');
    await store(outbox, sampleRequest(4));
    assert.notEqual(outbox.oldest(), bad);
    await clock.advance(RECOVERY_MS);
    assert.equal(outbox.oldest(), bad);
    assert.deepEqual(storageLines(), ['error storage.failing']);
    folder.works();
    assert.deepEqual(await takeAll(outbox), [1, 4]);
    assert.deepEqual(storageLines(), ['error storage.failing', 'info storage.recovered']);
  });

  it('waits on a disk that cannot be read at all, gives up no entry, and keeps their order', async () => {
    const outbox = await open();
    const numbers = Array.from({ length: 40 }, (_, index) => index + 1);
    for (const number of numbers) await store(outbox, sampleRequest(number));
    folder.breaks('EIO', ALL);
    let reads = 0;
    for (let last = outbox.oldest(); last !== undefined && reads < 1000; reads += 1) {
      assert.equal((await outbox.read(last)).kind, 'failed');
      outbox.release(last);
      if (outbox.oldest() === last) break; // here its reader waits
      last = outbox.oldest();
    }
    assert.ok(reads < 20, `${reads} reads in one go`);
    await clock.advance(RECOVERY_MS);
    folder.works();
    assert.deepEqual(await takeAll(outbox), numbers);
    assert.deepEqual(readdirSync(join(root, 'quarantine')), []);
    assert.deepEqual(storageLines(), ['error storage.failing', 'info storage.recovered']);
  });

  it('never takes more than its bound from callers at the same time', async () => {
    const outbox = await open({ maxEntries: 3 });
    const outcomes = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((number) => outbox.add(sampleRequest(number), ONLINE)),
    );
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['stored', 'stored', 'stored', 'refused', 'refused', 'refused'],
    );
    assert.deepEqual(await takeAll(outbox), [1, 2, 3]);
  });

  it('records a drop that a crash cut in two, and does not deliver it', async () => {
    const before = await open();
    const first = await store(before, sampleRequest(1));
    await store(before, sampleRequest(2));
    const name = entryNames().find((it) => it.includes(first.requestId)) ?? '';
    await folder.move(name, folder, `${name}.outboxFull`);
    const outbox = await open();
    const [line] = log.of('request.dropped');
    assert.deepEqual(line?.fields, { ...first, reason: 'outboxFull', accepted: true });
    assert.deepEqual(await takeAll(outbox), [2]);
    assert.deepEqual(entryNames(), []);
  });
});
