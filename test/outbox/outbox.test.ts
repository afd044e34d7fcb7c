// The outbox on disk: its bounds, what a restart finds, and what it does with files that are none of its own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { entryFileName } from '../../src/outbox/entry-file.ts';
import { fixedUuid } from '../helpers/fixed-random.ts';
import { sampleRequest } from '../helpers/sample-request.ts';
import { createOutboxBench, OFFLINE, ONLINE, store, takeAll, type OutboxBench } from './outbox-bench.ts';

/** The name of an entry that the outbox under test did not write. */
function strangeName(sequence: number, bytes = 10): string {
  return entryFileName({ sequence, requestId: fixedUuid(900 + sequence), bytes });
}

describe('Outbox bounds', () => {
  let bench: OutboxBench;

  beforeEach(() => {
    bench = createOutboxBench();
  });

  afterEach(() => bench.end());

  /** Seven requests while offline; the numbers that stay. */
  async function sevenOffline(bounds: Parameters<OutboxBench['open']>[0]): Promise<readonly number[]> {
    const outbox = await bench.open(bounds);
    for (let number = 1; number <= 7; number += 1) await outbox.add(sampleRequest(number, 100), OFFLINE);
    return takeAll(outbox);
  }

  const table: readonly {
    bounds: Parameters<OutboxBench['open']>[0];
    stay: readonly number[];
    drops: number;
  }[] = [
    { bounds: { maxEntries: 5, whenFull: 'dropNewest' }, stay: [1, 2, 3, 4, 5], drops: 0 },
    { bounds: { maxEntries: 5, whenFull: 'dropOldest' }, stay: [3, 4, 5, 6, 7], drops: 2 },
    { bounds: { maxEntries: -1, whenFull: 'dropNewest' }, stay: [1, 2, 3, 4, 5, 6, 7], drops: 0 },
    { bounds: { maxEntries: 0, whenFull: 'dropNewest' }, stay: [], drops: 0 },
    { bounds: { maxEntries: 0, whenFull: 'dropOldest' }, stay: [], drops: 0 },
    { bounds: { maxEntries: -1, maxBytes: -1, minFreeBytes: 0 }, stay: [1, 2, 3, 4, 5, 6, 7], drops: 0 },
    { bounds: { maxEntries: -1, whenFull: 'dropOldest' }, stay: [1, 2, 3, 4, 5, 6, 7], drops: 0 },
    { bounds: { maxBytes: 0, whenFull: 'dropNewest' }, stay: [], drops: 0 },
    { bounds: { maxBytes: 0, whenFull: 'dropOldest' }, stay: [], drops: 0 },
    { bounds: { maxBytes: 399, whenFull: 'dropNewest' }, stay: [1, 2, 3], drops: 0 },
    { bounds: { maxBytes: 399, whenFull: 'dropOldest' }, stay: [5, 6, 7], drops: 4 },
  ];
  for (const { bounds, stay, drops } of table) {
    it(`keep ${stay.join(' ') || 'nothing'} of seven offline requests with ${JSON.stringify(bounds)}`, async () => {
      assert.deepEqual(await sevenOffline(bounds), stay);
      const dropped = bench.log.of('request.dropped');
      assert.deepEqual(
        dropped.map(({ fields }) => fields),
        Array.from({ length: drops }, (_, index) => ({
          ...{ sequence: index + 1, requestId: fixedUuid(index + 1), bytes: 100 },
          ...{ reason: 'outboxFull', accepted: true },
        })),
      );
    });
  }

  it('refuse what would leave less disk than the bound, and say so', async () => {
    const outbox = await bench.open({ minFreeBytes: Number.MAX_SAFE_INTEGER, whenFull: 'dropOldest' });
    assert.deepEqual(await outbox.add(sampleRequest(1), ONLINE), { kind: 'refused', reason: 'diskFull' });
    assert.deepEqual(bench.names(), []);
  });

  it('never drop the entry in hand, but the next one', async () => {
    const outbox = await bench.open({ maxEntries: 2, whenFull: 'dropOldest' });
    const first = await store(outbox, sampleRequest(1));
    await store(outbox, sampleRequest(2));
    await outbox.read(first);
    await store(outbox, sampleRequest(3));
    assert.deepEqual(await takeAll(outbox), [1, 3]);
  });

  it('refuse the request where only the entry in hand could be dropped, until it is released', async () => {
    const outbox = await bench.open({ maxEntries: 1, whenFull: 'dropOldest' });
    const first = await store(outbox, sampleRequest(1));
    await outbox.read(first);
    assert.deepEqual(await outbox.add(sampleRequest(2), ONLINE), { kind: 'refused', reason: 'outboxFull' });
    outbox.release(first);
    await store(outbox, sampleRequest(3));
    assert.deepEqual(await takeAll(outbox), [3]);
  });

  const ages: readonly {
    what: string;
    advanceMs: number;
    storedSynchronised: boolean;
    readSynchronised: boolean;
    kind: string;
  }[] = [
    {
      what: 'past its age',
      advanceMs: 60_001,
      storedSynchronised: true,
      readSynchronised: true,
      kind: 'dropped',
    },
    {
      what: 'just at its age',
      advanceMs: 60_000,
      storedSynchronised: true,
      readSynchronised: true,
      kind: 'request',
    },
    {
      what: 'past its age that was stored with a wrong clock',
      advanceMs: 1e9,
      storedSynchronised: false,
      readSynchronised: true,
      kind: 'request',
    },
    {
      what: 'past its age where the clock is wrong now',
      advanceMs: 1e9,
      storedSynchronised: true,
      readSynchronised: false,
      kind: 'request',
    },
  ];
  for (const { what, advanceMs, storedSynchronised, readSynchronised, kind } of ages) {
    it(`answer ${kind} for an entry ${what}`, async () => {
      const outbox = await bench.open({ maxAgeSeconds: 60 });
      bench.synchronised = storedSynchronised;
      const entry = await store(outbox, sampleRequest(1));
      bench.synchronised = readSynchronised;
      bench.clock.jump(advanceMs);
      assert.equal((await outbox.read(entry)).kind, kind);
      assert.equal(outbox.counts().entries, kind === 'dropped' ? 0 : 1);
      assert.deepEqual(
        bench.log.of('request.dropped').map(({ fields }) => [fields['requestId'], fields['reason']]),
        kind === 'dropped' ? [[fixedUuid(1), 'tooOld']] : [],
      );
    });
  }
});

describe('Outbox.add() in a full outbox', () => {
  let bench: OutboxBench;

  beforeEach(() => {
    bench = createOutboxBench();
  });

  afterEach(() => bench.end());

  const drops = (): readonly unknown[] =>
    bench.log.of('request.dropped').map(({ fields }) => [fields['requestId'], fields['reason']]);

  for (const whenFull of ['dropNewest', 'dropOldest'] as const) {
    it(`lets expired requests keep no fresh one out, ${whenFull}`, async () => {
      const outbox = await bench.open({ maxEntries: 2, maxAgeSeconds: 1, whenFull });
      for (const number of [1, 2]) await outbox.add(sampleRequest(number), OFFLINE);
      bench.clock.jump(1001);
      for (const number of [3, 4]) {
        assert.equal((await outbox.add(sampleRequest(number), OFFLINE)).kind, 'stored');
      }
      assert.deepEqual(drops(), [
        [fixedUuid(1), 'tooOld'],
        [fixedUuid(2), 'tooOld'],
      ]);
      assert.deepEqual(await takeAll(outbox), [3, 4]);
    });
  }

  const kept: readonly { what: string; afterMs: number; synchronised: boolean; inHand: boolean }[] = [
    { what: 'that is just at its age', afterMs: 1000, synchronised: true, inHand: false },
    { what: 'while the clock is wrong', afterMs: 1e9, synchronised: false, inHand: false },
    { what: 'that is in hand', afterMs: 1e9, synchronised: true, inHand: true },
  ];
  for (const { what, afterMs, synchronised, inHand } of kept) {
    it(`drops no request ${what}`, async () => {
      const outbox = await bench.open({ maxEntries: 1, maxAgeSeconds: 1 });
      const first = await store(outbox, sampleRequest(1));
      if (inHand) await outbox.read(first);
      bench.clock.jump(afterMs);
      bench.synchronised = synchronised;
      const refused = { kind: 'refused', reason: 'outboxFull' };
      assert.deepEqual(await outbox.add(sampleRequest(2), OFFLINE), refused);
      assert.deepEqual(drops(), []);
    });
  }
});

describe('openOutbox()', () => {
  let bench: OutboxBench;
  let server: Server | undefined;

  beforeEach(() => {
    bench = createOutboxBench();
  });

  afterEach(async () => {
    server?.close();
    server = undefined;
    await bench.end();
  });

  /** What a program of another kind may have left in the folder, under a name of its own or under one like ours. */
  const strangers: readonly { what: string; plant: (path: string) => void | Promise<void> }[] = [
    { what: 'an empty file', plant: (path) => writeFileSync(path, '') },
    { what: 'a file of the wrong content', plant: (path) => writeFileSync(path, '0123456789') },
    {
      what: 'a folder with something in it',
      plant: (path) => {
        mkdirSync(path);
        writeFileSync(join(path, 'inside'), 'x');
      },
    },
    { what: 'a link to a file elsewhere', plant: (path) => symlinkSync('/etc/hostname', path) },
    { what: 'a link to nowhere', plant: (path) => symlinkSync('/nowhere/at/all', path) },
    { what: 'a FIFO', plant: (path) => void execFileSync('mkfifo', [path]) },
    {
      what: 'a socket',
      plant: (path) =>
        new Promise((resolve) => {
          server = createServer().listen(path, resolve);
        }),
    },
  ];
  for (const { what, plant } of strangers) {
    for (const name of ['stranger', strangeName(0)]) {
      it(`sets ${what} named ${name === 'stranger' ? 'otherwise' : 'like an entry'} aside and delivers the rest`, async () => {
        const before = await bench.open();
        await store(before, sampleRequest(1));
        await store(before, sampleRequest(2));
        await before.close();
        await plant(join(bench.directory, name));
        const outbox = await bench.open();
        assert.deepEqual(await takeAll(outbox), [1, 2]);
        assert.deepEqual(bench.names(), []);
        assert.deepEqual(bench.quarantined(), [name]);
        const [line] = bench.log.of('request.quarantined');
        assert.equal(line?.level, 'warn');
        assert.equal(line.fields['file'], name);
        assert.equal(outbox.counts().quarantined, 1);
      });
    }
  }

  it('quarantines an entry that was cut, and delivers those around it', async () => {
    const before = await bench.open();
    const entries = [];
    for (const number of [1, 2, 3]) entries.push(await store(before, sampleRequest(number)));
    await before.close();
    const second = entries[1];
    assert.ok(second !== undefined);
    truncateSync(join(bench.directory, entryFileName(second)), 50);
    assert.deepEqual(await takeAll(await bench.open()), [1, 3]);
    assert.deepEqual(bench.quarantined(), [entryFileName(second)]);
  });

  it('keeps both of two files that carry one sequence number', async () => {
    const before = await bench.open();
    const first = await store(before, sampleRequest(1));
    const second = await store(before, sampleRequest(2));
    await before.close();
    renameSync(
      join(bench.directory, entryFileName(second)),
      join(bench.directory, entryFileName({ ...second, sequence: first.sequence })),
    );
    const outbox = await bench.open();
    const { entries, quarantined } = outbox.counts();
    assert.equal(entries + quarantined, 2);
    assert.equal((await takeAll(outbox)).length + bench.quarantined().length, 2);
    assert.deepEqual(bench.names(), []);
  });

  it('is not led astray by a sequence number beyond all counting', async () => {
    const before = await bench.open();
    await before.close();
    writeFileSync(join(bench.directory, `9999999999999999.${fixedUuid(1)}.10.entry`), '');
    const outbox = await bench.open();
    await store(outbox, sampleRequest(1));
    await store(outbox, sampleRequest(2));
    await outbox.close();
    assert.deepEqual(await takeAll(await bench.open()), [1, 2]);
  });

  it('removes what an interrupted write left behind', async () => {
    await (await bench.open()).close();
    writeFileSync(join(bench.directory, `.tmp-${strangeName(1)}`), 'half');
    await bench.open();
    assert.deepEqual(bench.names(), []);
    assert.deepEqual(bench.quarantined(), []);
  });

  it('loads entries in order and continues their sequence', async () => {
    const before = await bench.open();
    const written = [];
    for (let number = 1; number <= 12; number += 1) written.push(await store(before, sampleRequest(number)));
    await before.close();
    const outbox = await bench.open();
    assert.deepEqual(outbox.counts(), { entries: 12, bytes: 120, quarantined: 0 });
    assert.deepEqual(outbox.oldest(), written[0]);
    assert.equal((await store(outbox, sampleRequest(13))).sequence, 13);
    assert.deepEqual(await takeAll(outbox), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  });

  it('keeps the folder and its files from other users', async () => {
    const outbox = await bench.open();
    const entry = await store(outbox, sampleRequest(1));
    const modes = execFileSync('stat', [
      '--format=%a',
      bench.directory,
      join(bench.directory, entryFileName(entry)),
    ]);
    assert.equal(modes.toString(), '700\n600\n');
  });

  it('keeps a removed entry out of this run, also where the disk refuses to remove it', async () => {
    const outbox = await bench.open();
    const entry = await store(outbox, sampleRequest(1));
    const path = join(bench.directory, entryFileName(entry));
    renameSync(path, `${path}.moved`);
    mkdirSync(path); // unlink(2) refuses a folder
    await outbox.remove(entry);
    assert.equal(outbox.oldest(), undefined);
    assert.ok(existsSync(path));
    assert.deepEqual(bench.log.summary(), ['error storage.failing']);
  });

  it('keeps at most maxEntries files in quarantine, folders among them, and reports all strangers in one line', async () => {
    await (await bench.open()).close();
    mkdirSync(join(bench.directory, 'a-folder'));
    for (let number = 100; number < 205; number += 1)
      writeFileSync(join(bench.directory, `stranger-${number}`), '');
    const outbox = await bench.open({ maxEntries: 100 });
    assert.equal(outbox.counts().quarantined, 100);
    assert.equal(bench.quarantined().length, 100);
    assert.deepEqual(bench.log.summary(), ['warn request.quarantined']);
    const [line] = bench.log.of('request.quarantined');
    assert.deepEqual([line?.fields['files'], line?.fields['removed']], [106, 6]);
  });

  it('leaves files in quarantine as they were', async () => {
    await (await bench.open()).close();
    writeFileSync(join(bench.directory, 'stranger'), 'evidence');
    await bench.open();
    assert.equal(readFileSync(join(bench.directory, 'quarantine', 'stranger'), 'utf8'), 'evidence');
  });
});
