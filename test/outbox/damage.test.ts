// What time, people and other programs do to an outbox folder between two runs: the intact entries are delivered.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { entryFileName } from '../../src/outbox/entry-file.ts';
import { fixedUuid } from '../helpers/fixed-random.ts';
import { sampleRequest } from '../helpers/sample-request.ts';
import { createOutboxBench, ONLINE, store, takeAll, type OutboxBench } from './outbox-bench.ts';

const NOBODY = 65_534;
const ENTRIES = process.env['SHUTTERD_TEST_LONG'] === '1' ? 100_000 : 20_000;
const STRANGERS = process.env['SHUTTERD_TEST_LONG'] === '1' ? 20_000 : 2000;

describe('Outbox in a damaged folder', () => {
  let bench: OutboxBench;

  beforeEach(() => {
    bench = createOutboxBench();
  });

  afterEach(() => bench.end());

  const damages: readonly { what: string; detail: RegExp; damage: (path: string) => void }[] = [
    { what: 'emptied', detail: /no entry header/, damage: (path) => truncateSync(path, 0) },
    {
      what: 'filled with zeros',
      detail: /no entry header/,
      damage: (path) => writeFileSync(path, Buffer.alloc(statSync(path).size)),
    },
    {
      what: 'cut',
      detail: /\d+ bytes, the header says \d+/,
      damage: (path) => truncateSync(path, statSync(path).size - 1),
    },
    {
      what: 'with one bit flipped',
      detail: /checksum differs/,
      damage: (path) => {
        const bytes = readFileSync(path);
        bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
        writeFileSync(path, bytes);
      },
    },
    {
      what: 'of a newer version',
      detail: /format version 3, this program reads 1 and 2/,
      damage: (path) => {
        const text = readFileSync(path, 'latin1').replace('shutterd-entry 2', 'shutterd-entry 3');
        writeFileSync(path, text, 'latin1');
      },
    },
    {
      what: 'that grew beyond its size',
      detail: /not a regular file of its size and owner/,
      damage: (path) => writeFileSync(path, Buffer.alloc(1_000_000)),
    },
    {
      what: 'of another user',
      detail: /not a regular file of its size and owner/,
      damage: (path) => {
        assert.equal(process.getuid?.(), 0, 'a file is given away by root only: run the tests as root');
        chownSync(path, NOBODY, NOBODY);
      },
    },
    {
      what: 'whose file is replaced by a folder',
      detail: /not a regular file/,
      damage: (path) => {
        rmSync(path);
        mkdirSync(path);
      },
    },
  ];
  for (const { what, detail, damage } of damages) {
    it(`quarantines an entry ${what}, says why, and delivers those around it`, async () => {
      const before = await bench.open();
      await store(before, sampleRequest(1));
      const second = await store(before, sampleRequest(2));
      await store(before, sampleRequest(3));
      await before.close();
      const name = entryFileName(second);
      damage(join(bench.directory, name));
      assert.deepEqual(await takeAll(await bench.open()), [1, 3]);
      assert.deepEqual(bench.quarantined(), [name]);
      const [line] = bench.log.of('request.quarantined');
      assert.deepEqual([line?.fields['requestId'], line?.fields['file']], [second.requestId, name]);
      assert.match(String(line?.fields['reason']), detail);
      assert.match(readFileSync(join(bench.directory, 'quarantine', `${name}.reason`), 'utf8'), detail);
    });
  }

  const FIFO = (path: string): void => {
    execFileSync('mkfifo', [path]);
  };
  const reserved: readonly { name: string; what: string; plant: (path: string) => unknown }[] = [
    { name: '.lock', what: 'a FIFO', plant: FIFO },
    { name: '.lock', what: 'a link', plant: (path) => symlinkSync('/etc/hostname', path) },
    { name: '.lock', what: 'a link to nowhere', plant: (path) => symlinkSync('/nowhere/at/all', path) },
    { name: '.lock', what: 'a folder', plant: (path) => mkdirSync(path) },
    { name: 'quarantine', what: 'a FIFO', plant: FIFO },
    { name: 'quarantine', what: 'a file', plant: (path) => writeFileSync(path, 'x') },
    { name: 'quarantine', what: 'a link to nowhere', plant: (path) => symlinkSync('/nowhere/at/all', path) },
  ];
  for (const { name, what, plant } of reserved) {
    it(`starts where ${name} is ${what}, sets that aside, says so once, and delivers what is intact`, async () => {
      const before = await bench.open();
      await store(before, sampleRequest(1));
      await before.close();
      const path = join(bench.directory, name);
      const strange = `stranger.${name === '.lock' ? 'lock' : name}`;
      rmSync(path, { recursive: true });
      plant(path);
      writeFileSync(join(bench.directory, strange), 'it was here first');
      const outbox = await bench.open();
      assert.deepEqual(await takeAll(outbox), [1]);
      assert.deepEqual(bench.quarantined(), [strange, `${strange}.2`]);
      assert.equal(readFileSync(join(bench.directory, 'quarantine', strange), 'utf8'), 'it was here first');
      assert.deepEqual(bench.log.summary(), ['warn request.quarantined']);
      await outbox.close();
      await bench.open();
      assert.equal(bench.log.lines.length, 1);
    });
  }

  it('leaves a folder of another user where it is, says so, and sets the other strangers aside', async () => {
    assert.equal(process.getuid?.(), 0, 'only root can be two users: run the tests as root');
    await (await bench.open()).close();
    for (const name of ['.lock', 'quarantine', '']) chownSync(join(bench.directory, name), NOBODY, NOBODY);
    chmodSync(dirname(bench.directory), 0o755);
    mkdirSync(join(bench.directory, 'folder'), { mode: 0o755 });
    const taken = { sequence: 7, requestId: fixedUuid(7), bytes: 10 };
    mkdirSync(join(bench.directory, entryFileName(taken)), { mode: 0o755 });
    writeFileSync(join(bench.directory, 'stranger'), '');
    process.seteuid?.(NOBODY);
    try {
      const outbox = await bench.open();
      assert.deepEqual(await takeAll(outbox), []);
      assert.deepEqual(bench.quarantined(), ['stranger']);
      const told = bench.log.lines.map(({ fields }) => [fields['file'], fields['reason']]);
      const why = 'left where it is, because it cannot be moved';
      assert.deepEqual(told, [
        ['stranger', 'not an entry of this program'],
        ['folder', `not an entry of this program; ${why}`],
        [entryFileName(taken), `not a regular file of its size and owner; ${why}`],
      ]);
      assert.equal((await outbox.add(sampleRequest(1), ONLINE)).kind, 'stored');
      await outbox.close();
    } finally {
      process.seteuid?.(0);
    }
  });

  it('says of a file whose name is no UTF-8 that it is left where it is', async () => {
    await (await bench.open()).close();
    const path = Buffer.concat([Buffer.from(join(bench.directory, 'odd-')), Buffer.from([0xff, 0xfe])]);
    writeFileSync(path, '');
    writeFileSync(join(bench.directory, 'stranger'), '');
    await bench.open();
    assert.deepEqual(bench.quarantined(), ['stranger']);
    assert.deepEqual(
      bench.log.of('request.quarantined').map(({ fields }) => fields['file']),
      ['stranger', 'odd-\uFFFD\uFFFD'],
    );
  });

  it('records an entry as dropped whose file somebody removed', async () => {
    const outbox = await bench.open();
    const entry = await store(outbox, sampleRequest(1));
    rmSync(join(bench.directory, entryFileName(entry)));
    assert.deepEqual(await takeAll(outbox), []);
    const [line] = bench.log.of('request.dropped');
    assert.deepEqual([line?.fields['requestId'], line?.fields['reason']], [entry.requestId, 'fileGone']);
    assert.deepEqual(outbox.counts(), { entries: 0, bytes: 0, quarantined: 0 });
  });

  it('sets an entry aside where somebody removed the quarantine meanwhile', async () => {
    const outbox = await bench.open();
    const entry = await store(outbox, sampleRequest(1));
    rmSync(join(bench.directory, 'quarantine'), { recursive: true });
    await outbox.quarantine(entry, 'a test wants it');
    assert.deepEqual(bench.quarantined(), [entryFileName(entry)]);
  });

  it('opens a folder that others could enter, and closes it to them', async () => {
    await (await bench.open()).close();
    chmodSync(bench.directory, 0o777);
    await bench.open();
    assert.equal(statSync(bench.directory).mode & 0o777, 0o700);
  });

  for (const name of ['stranger', 'stranger.reason', `${'x'.repeat(250)}.txt`.slice(0, 255)]) {
    it(`puts no stranger in the place of another one named ${name.slice(0, 20)}`, async () => {
      for (const content of ['first', 'second', 'third']) {
        await (await bench.open()).close();
        writeFileSync(join(bench.directory, name), content);
      }
      const outbox = await bench.open();
      assert.equal(outbox.counts().quarantined, 3);
      const aside = join(bench.directory, 'quarantine');
      assert.deepEqual(
        bench
          .quarantined()
          .map((it) => readFileSync(join(aside, it), 'utf8'))
          .sort(),
        ['first', 'second', 'third'],
      );
    });
  }

  it('never gives a number again that a quarantined entry carries', async () => {
    const before = await bench.open();
    const entry = await store(before, sampleRequest(1));
    await before.quarantine(entry, 'a test wants it');
    await before.close();
    const outbox = await bench.open();
    assert.ok((await store(outbox, sampleRequest(2))).sequence > entry.sequence);
  });

  const quarantineBounds: readonly { bounds: { maxEntries?: number; maxBytes?: number }; stay: number }[] = [
    { bounds: { maxEntries: 2 }, stay: 2 },
    { bounds: { maxBytes: 250 }, stay: 2 },
    { bounds: { maxEntries: -1, maxBytes: -1 }, stay: 5 },
  ];
  for (const { bounds, stay } of quarantineBounds) {
    it(`keeps ${stay} of five quarantined entries with ${JSON.stringify(bounds)}, the newest, and records the others`, async () => {
      const outbox = await bench.open(bounds);
      for (const number of [1, 2, 3, 4, 5]) {
        await outbox.quarantine(await store(outbox, sampleRequest(number, 100)), 'a test wants it');
      }
      assert.equal(outbox.counts().quarantined, stay);
      assert.equal(bench.quarantined().length, stay);
      assert.deepEqual(
        bench.log.of('request.dropped').map(({ fields }) => [fields['requestId'], fields['reason']]),
        Array.from({ length: 5 - stay }, (_, index) => [fixedUuid(index + 1), 'quarantineFull']),
      );
    });
  }

  it(`opens ${ENTRIES} entries without reading one, in order and in little memory`, async function () {
    this.timeout(120_000);
    await (await bench.open()).close();
    for (let sequence = 1; sequence <= ENTRIES; sequence += 1) {
      const name = entryFileName({ sequence, requestId: fixedUuid(sequence), bytes: 128_000 });
      writeFileSync(join(bench.directory, name), '');
    }
    const before = process.memoryUsage().heapUsed;
    const cpuBefore = process.cpuUsage();
    const outbox = await bench.open({ maxEntries: -1 });
    const { user, system } = process.cpuUsage(cpuBefore);
    assert.deepEqual(outbox.counts(), { entries: ENTRIES, bytes: ENTRIES * 128_000, quarantined: 0 });
    assert.equal(outbox.oldest()?.sequence, 1);
    assert.equal((await store(outbox, sampleRequest(1))).sequence, ENTRIES + 1);
    // Work, not time: a machine that does other things meanwhile is no slower program.
    assert.ok(user + system < 5_000_000, `${(user + system) / 1e6} s`);
    const bytesEach = (process.memoryUsage().heapUsed - before) / ENTRIES;
    assert.ok(bytesEach < 1000, `${bytesEach} bytes an entry`);
  });

  it(`sets ${STRANGERS} strangers aside with one line, within the bound, and delivers what is intact`, async function () {
    this.timeout(120_000);
    const before = await bench.open();
    await store(before, sampleRequest(1));
    await before.close();
    for (let number = 0; number < STRANGERS; number += 1) {
      writeFileSync(join(bench.directory, `stranger-${number}`), '');
    }
    const outbox = await bench.open({ maxEntries: 100 });
    assert.deepEqual(await takeAll(outbox), [1]);
    assert.equal(bench.quarantined().length, 100);
    assert.deepEqual(bench.log.summary(), ['warn request.quarantined']);
  });

  it('takes no notice of what clocks say about its files', async () => {
    const before = await bench.open();
    const entries = [];
    for (const number of [1, 2, 3]) entries.push(await store(before, sampleRequest(number)));
    await before.close();
    entries.forEach((entry, index) => {
      utimesSync(join(bench.directory, entryFileName(entry)), 0, 4_000_000_000 - index);
    });
    bench.clock.jump(-40 * 365 * 86_400_000);
    const outbox = await bench.open();
    await outbox.add(sampleRequest(4), ONLINE);
    assert.deepEqual(await takeAll(outbox), [1, 2, 3, 4]);
  });
});
