// What every outbox keeps, run on the real one in a temporary folder and on the fake that other tests use.
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry, Outbox } from '../../src/domain.ts';
import { entryFileName } from '../../src/outbox/entry-file.ts';
import { createFakeOutbox } from '../helpers/fake-outbox.ts';
import { sampleRequest } from '../helpers/sample-request.ts';
import { createOutboxBench, ONLINE, store, takeAll } from './outbox-bench.ts';

interface Subject {
  readonly outbox: Outbox;
  readonly damage: (entry: Entry) => void;
  readonly end: () => Promise<void>;
}

const MAX_ENTRIES = 3;

const outboxes: readonly { name: string; create: () => Promise<Subject> }[] = [
  {
    name: 'in a folder',
    create: async () => {
      const bench = createOutboxBench();
      return {
        outbox: await bench.open({ maxEntries: MAX_ENTRIES }),
        damage: (entry) => truncateSync(join(bench.directory, entryFileName(entry)), 5),
        end: () => bench.end(),
      };
    },
  },
  {
    name: 'in memory',
    create: () => {
      const outbox = createFakeOutbox({ maxEntries: MAX_ENTRIES });
      return Promise.resolve({
        outbox,
        damage: (entry: Entry) => {
          outbox.damage(entry);
        },
        end: () => outbox.close(),
      });
    },
  },
];

for (const { name, create } of outboxes) {
  describe(`Outbox ${name}`, () => {
    let subject: Subject;
    let outbox: Outbox;

    beforeEach(async () => {
      subject = await create();
      outbox = subject.outbox;
    });

    afterEach(() => subject.end());

    it('refuses the newest when it is full, and keeps the others', async () => {
      for (const number of [1, 2, 3]) await store(outbox, sampleRequest(number));
      assert.deepEqual(await outbox.add(sampleRequest(4), ONLINE), { kind: 'refused', reason: 'outboxFull' });
      assert.deepEqual(await takeAll(outbox), [1, 2, 3]);
    });

    it('finds a damaged entry damaged, and keeps it until it is told what to do', async () => {
      const entry = await store(outbox, sampleRequest(1));
      subject.damage(entry);
      assert.equal((await outbox.read(entry)).kind, 'damaged');
      assert.deepEqual(outbox.oldest(), entry);
    });

    it('finds an entry damaged that it gave away before', async () => {
      const entry = await store(outbox, sampleRequest(1));
      await outbox.remove(entry);
      assert.equal((await outbox.read(entry)).kind, 'damaged');
    });

    it('sets an entry aside in quarantine and goes on with the next', async () => {
      const entry = await store(outbox, sampleRequest(1, 100));
      const next = await store(outbox, sampleRequest(2, 50));
      await outbox.quarantine(entry, 'a test wants it');
      assert.deepEqual(outbox.oldest(), next);
      assert.deepEqual(outbox.counts(), { entries: 1, bytes: 50, quarantined: 1 });
    });

    it('is empty at first', () => {
      assert.equal(outbox.oldest(), undefined);
      assert.deepEqual(outbox.counts(), { entries: 0, bytes: 0, quarantined: 0 });
    });

    it('gives back what was added, byte for byte', async () => {
      const request = sampleRequest(1, 1000);
      const entry = await store(outbox, request);
      assert.deepEqual(
        { requestId: entry.requestId, bytes: entry.bytes },
        { requestId: request.requestId, bytes: 1000 },
      );
      const read = await outbox.read(entry);
      assert.equal(read.kind, 'request');
      assert.deepEqual(
        { ...read.request, payload: Buffer.from(read.request.payload) },
        { ...request, payload: Buffer.from(request.payload) },
      );
    });

    it('counts entries and payload bytes', async () => {
      await store(outbox, sampleRequest(1, 100));
      const second = await store(outbox, sampleRequest(2, 23));
      assert.deepEqual(outbox.counts(), { entries: 2, bytes: 123, quarantined: 0 });
      await outbox.remove(second);
      assert.deepEqual(outbox.counts(), { entries: 1, bytes: 100, quarantined: 0 });
    });

    it('forgets a removed entry; removing it again is harmless', async () => {
      const entry = await store(outbox, sampleRequest(1));
      await store(outbox, sampleRequest(2));
      await outbox.remove(entry);
      await outbox.remove(entry);
      assert.deepEqual(await takeAll(outbox), [2]);
    });

    it('keeps a released entry where it was', async () => {
      const entry = await store(outbox, sampleRequest(1));
      await store(outbox, sampleRequest(2));
      await outbox.read(entry);
      outbox.release(entry);
      assert.deepEqual(await takeAll(outbox), [1, 2]);
    });

    it('numbers entries upward and uses no number twice', async () => {
      const first = await store(outbox, sampleRequest(1));
      const second = await store(outbox, sampleRequest(2));
      await outbox.remove(second);
      const third = await store(outbox, sampleRequest(3));
      assert.ok(first.sequence < second.sequence && second.sequence < third.sequence);
    });

    it('is closed twice without harm', async () => {
      await outbox.close();
      await outbox.close();
    });
  });
}
