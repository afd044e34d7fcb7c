// The quarantine over its bounds, beside a person who clears it, and with names that are taken.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryFileName, parseEntryFileName } from '../../src/outbox/entry-file.ts';
import { sampleRequest } from '../helpers/sample-request.ts';
import { createFaultyBench, type FaultyBench } from './faulty-bench.ts';
import { store, takeAll } from './outbox-bench.ts';

const WHY = 'a test wants it';

describe('Quarantine', () => {
  let bench: FaultyBench;

  beforeEach(async () => {
    bench = await createFaultyBench({}, { quarantineFiles: 2 });
  });

  afterEach(() => bench.end());

  async function setAside(...numbers: readonly number[]): Promise<void> {
    for (const number of numbers) {
      await bench.outbox.quarantine(await store(bench.outbox, sampleRequest(number)), WHY);
    }
  }

  const drops = (): readonly unknown[] =>
    bench.log.of('request.dropped').map(({ fields }) => fields['reason']);

  it('records a drop that a crash cut in two, once, and takes the reason with it', async () => {
    await setAside(1, 2);
    bench.aside.breaks('EIO', ['flush', 'remove']);
    await setAside(3);
    assert.deepEqual(drops(), [], 'its new name is not flushed');
    bench.aside.works();
    await bench.reopen();
    assert.deepEqual(drops(), ['quarantineFull']);
    assert.equal(bench.quarantined().length, 4, 'two files and their reasons');
  });

  it('records a drop once, however often the disk refuses to remove the file', async () => {
    await setAside(1, 2);
    bench.aside.breaks('EIO', ['remove']);
    await setAside(3, 4);
    assert.deepEqual(drops(), ['quarantineFull']);
    bench.aside.works();
    await setAside(5);
    assert.deepEqual(drops(), ['quarantineFull', 'quarantineFull', 'quarantineFull']);
    assert.equal(bench.outbox.counts().quarantined, 2);
  });

  it('lets go of a reason whose entry a power cut put back, and leaves a note of a person', async () => {
    await setAside(1);
    const [entry = ''] = bench.quarantined().filter((name) => parseEntryFileName(name) !== undefined);
    rmSync(join(bench.aside.path, entry));
    writeFileSync(join(bench.aside.path, 'my.reason'), 'a note');
    await bench.reopen();
    assert.deepEqual(bench.quarantined(), ['my.reason']);
    assert.deepEqual(drops(), []);
  });

  it('leaves a folder alone, whatever its name', async () => {
    const name = entryFileName({ sequence: 1, requestId: sampleRequest(90).requestId, bytes: 10 });
    mkdirSync(join(bench.aside.path, name));
    const outbox = await bench.reopen();
    for (const number of [91, 92, 93])
      await outbox.quarantine(await store(outbox, sampleRequest(number)), WHY);
    assert.ok(bench.quarantined().includes(name));
    assert.deepEqual(drops(), ['quarantineFull', 'quarantineFull']);
  });

  it('drops nothing for files that a person has purged, and records none of those', async () => {
    await setAside(1, 2);
    for (const name of bench.quarantined()) rmSync(join(bench.aside.path, name));
    await setAside(3);
    assert.deepEqual(drops(), []);
    assert.equal(bench.outbox.counts().quarantined, 1);
  });

  it('counts again a minute later, also where somebody removed the folder', async () => {
    await setAside(1, 2);
    await store(bench.outbox, sampleRequest(3));
    rmSync(bench.aside.path, { recursive: true });
    await bench.clock.advance(60_000);
    await store(bench.outbox, sampleRequest(4));
    assert.equal(bench.outbox.counts().quarantined, 0);
    assert.deepEqual(bench.log.of('storage.failing'), []);
    assert.deepEqual(await takeAll(bench.outbox), [3, 4]);
  });

  it('gives an entry whose name is taken another name of an entry', async () => {
    const entry = await store(bench.outbox, sampleRequest(1));
    const name = entryFileName(entry);
    copyFileSync(join(bench.folder.path, name), join(bench.aside.path, name));
    const outbox = await bench.reopen();
    await outbox.quarantine(entry, WHY);
    const ids = bench.quarantined().map((it) => parseEntryFileName(it)?.requestId);
    assert.deepEqual(
      ids.filter((id) => id !== undefined),
      [entry.requestId, entry.requestId],
    );
  });
});
