// `shutterd outbox list | show | export` on real files; none of them may change anything.
import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Request } from '../../src/domain.ts';
import { buildRequest } from '../../src/request/build-request.ts';
import { sampleNumber, sampleRequest } from '../helpers/sample-request.ts';
import { fixedUuid } from '../helpers/fixed-random.ts';
import { jpegOf, quarters } from '../support/jpeg-samples.ts';
import { createOutboxCommandBench, STORED_AT, type OutboxCommandBench } from './outbox-bench.ts';

const settings = { deviceId: 'pi-test', metadata: true, publishFrame: true };

async function pictureRequest(number: number): Promise<{ request: Request; jpeg: Uint8Array }> {
  const jpeg = await jpegOf(quarters(64, 48));
  const capturedAt = new Date('2031-05-06T07:08:09.010Z');
  const frame = { widthPx: 64, heightPx: 48, capturedAt };
  const facts = { requestId: fixedUuid(number), frame, clockSynchronised: true };
  return { jpeg, request: buildRequest(settings, facts, { jpeg, widthPx: 64, heightPx: 48, encodes: 1 }) };
}

/** Every path below the state folder with its kind, mode, owner and change time. */
function picture(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => {
    const { mode, uid, ctimeMs, size } = lstatSync(join(folder, name));
    return [name, mode, uid, ctimeMs, size].join(' ');
  });
}

describe('shutterd outbox list, show and export', () => {
  let bench: OutboxCommandBench;
  beforeEach(() => {
    bench = createOutboxCommandBench();
  });
  afterEach(() => {
    bench.end();
  });

  const ids = [fixedUuid(1), fixedUuid(2)] as const;

  const wrong: readonly (readonly [argv: readonly string[], code: number, message: RegExp])[] = [
    [['list', '--limit', 'many'], 2, /^Cannot list many files: allowed is a whole number from 0/],
    [['show'], 2, /^Cannot run outbox show: it is given 0 arguments, allowed is ID\n/],
    [['export', ids[0]], 2, /^Cannot export: no file is named, -o FILE is needed\n/],
    [['export', ids[0], '-o', '/'], 2, /^Cannot export to \/: it is a folder, a file's name is needed\n/],
    [['show', 'ffff'], 1, /^Cannot show ffff: no entry and nothing in quarantine begins so, /],
    [['show', '0'], 1, /^Cannot show 0: 2 files match, a longer ID or one file's name is needed:\n {2}0000/],
    [['export', ids[1], '-o', '/dev/null'], 1, /: damaged: checksum differs, an intact entry is needed\n$/],
    [['export', ids[0], '-o', '/dev/null'], 1, /: its payload holds no JPEG, --payload gives what it holds/],
  ];
  for (const [argv, code, message] of wrong) {
    it(`ends ${JSON.stringify(argv)} with ${code} and says what is right`, async () => {
      bench.put('outbox', 1);
      const bytes = readFileSync(join(bench.outbox, bench.put('outbox', 2)));
      bytes[bytes.length - 1] = 7;
      writeFileSync(join(bench.outbox, bench.names()[1] ?? ''), bytes);
      const ran = await bench.run(...argv);
      assert.deepEqual([ran.code, ran.out], [code, '']);
      assert.match(ran.err, message);
    });
  }

  it('says that there is no outbox yet, with 0, and makes none', async () => {
    const { code, out } = await bench.run('list');
    assert.deepEqual([code, out], [0, `No outbox here yet: ${bench.outbox} does not exist\n`]);
    assert.match(
      (await bench.run('show', '1')).err,
      /^Cannot show 1: no outbox here yet, .* does not exist\n$/,
    );
    assert.equal((JSON.parse((await bench.run('list', '--json')).out) as { exists: boolean }).exists, false);
    assert.deepEqual(readdirSync(bench.folder), ['config']);
  });

  it('ends with 1 where the outbox is no folder', async () => {
    mkdirSync(join(bench.folder, 'state'));
    writeFileSync(bench.outbox, '');
    const { code, err } = await bench.run('list');
    assert.equal(code, 1);
    assert.match(err, /^Cannot read outbox .*: it is no folder, outbox\.directory names one\n$/);
  });

  it('says so where nothing is in either', async () => {
    mkdirSync(bench.outbox, { recursive: true });
    assert.deepEqual(await bench.run('list'), {
      code: 0,
      out: 'outbox: empty, nothing waits\n\nquarantine: empty\n',
      err: '',
    });
  });

  it('shows entries and quarantine apart, with times, damage and reasons, and leaves everything as it is', async () => {
    bench.put('outbox', 1);
    truncateSync(join(bench.outbox, bench.put('outbox', 2)), 10); // in the middle of its header
    const aside = bench.put('quarantine', 3);
    writeFileSync(join(bench.quarantine, `${aside}.reason`), 'the broker refused it\u001b[2J three times\n');
    writeFileSync(join(bench.quarantine, 'notes.txt'), 'x');
    mkdirSync(join(bench.outbox, `0000000000000008.${fixedUuid(8)}.10.entry`));
    symlinkSync('/etc/passwd', join(bench.outbox, 'link'));
    chmodSync(bench.outbox, 0o755);
    const before = picture(join(bench.folder, 'state'));
    const { code, out, err } = await bench.run('list');
    assert.deepEqual([code, err], [0, '']);
    assert.deepEqual(picture(join(bench.folder, 'state')), before);
    const lines = out.split('\n').map((line) => line.replace(/ {2,}/g, ' | ').trim());
    assert.ok(lines[0]?.startsWith('outbox: 4 entries, '), lines[0]);
    assert.ok(lines.includes(`| ${ids[0]} | ${STORED_AT} | 3 h | 10 | waiting`), out);
    assert.ok(lines.includes(`| ${ids[1]} | - | - | 10 | damaged: no entry header`), out);
    assert.ok(lines.includes(`| ${fixedUuid(8)} | - | - | 10 | damaged: not a regular file`), out);
    assert.ok(lines.includes('| link | - | - | - | not an entry of this program'), out);
    assert.ok(lines.includes('quarantine: 2 files, 10 bytes, oldest first'), out);
    const reason = 'the broker refused it\\u001b[2J three times';
    assert.ok(lines.includes(`| ${fixedUuid(3)} | ${STORED_AT} | 3 h | 10 | intact | ${reason}`), out);
    assert.ok(lines.includes('| notes.txt | - | - | - | not an entry of this program | not recorded'), out);
  });

  it('shows an age of ? where the clock is behind the time it was stored at', async () => {
    bench.put('outbox', 1);
    const { out } = await bench.runAt(new Date('2000-01-01T00:00:00Z'), ['list']);
    assert.match(out, / {2}\? +10 +waiting/);
  });

  it('goes on where files vanish while it reads', async () => {
    const names = [1, 2, 3].map((number) => bench.put('outbox', number));
    let reads = 0;
    const { code, out } = await bench.runAt(new Date(STORED_AT), ['list'], () => {
      reads += 1; // the first is the start, the second comes after the first file
      if (reads === 2) rmSync(join(bench.outbox, names[1] ?? ''));
    });
    assert.equal(code, 0);
    assert.match(out, /waiting\n.*gone meanwhile\n.*waiting\n/);
  });

  it('lists the oldest up to the limit, and 0 lists all', async () => {
    for (let number = 1; number <= 60; number += 1) bench.put('outbox', number);
    const few = await bench.run('list', '--limit', '2');
    assert.match(few.out, /^outbox: 60 entries, 600 bytes/);
    assert.match(few.out, / {2}and 58 more \(--limit 0 shows all\)\n/);
    for (const [argv, count] of [
      [[], 50],
      [['--limit', '0'], 60],
    ] as const) {
      const { out } = await bench.run('list', '--json', ...argv);
      const { outbox } = JSON.parse(out) as {
        outbox: { count: number; files: { sequence: number; state: string }[] };
      };
      assert.deepEqual([outbox.count, outbox.files.length], [60, count]);
      assert.ok(outbox.files.every(({ sequence, state }, at) => sequence === at + 1 && state === 'waiting'));
    }
  });

  it('opens no file with --names', async () => {
    for (let number = 1; number <= 300; number += 1) {
      truncateSync(join(bench.outbox, bench.put('outbox', number)), 0);
    }
    const { out } = await bench.run('list', '--names', '--limit', '0', '--json');
    const { outbox } = JSON.parse(out) as { outbox: { files: { requestId: string; state?: string }[] } };
    assert.equal(outbox.files.length, 300);
    assert.ok(outbox.files.every(({ state }) => state === undefined));
    assert.deepEqual(outbox.files.slice(0, 2).map(sampleNumber), [1, 2]);
  });

  it('finds an entry by the beginning of its id in any case, and a foreign file by its name', async () => {
    const request = { ...sampleRequest(1), requestId: 'abcdef00-0000-4000-8000-000000000001' };
    bench.put('outbox', 1, request);
    writeFileSync(join(bench.outbox, 'notes.txt'), 'x');
    assert.match((await bench.run('show', 'ABCD')).out, /requestId +abcdef00-0000-4000-8000-000000000001\n/);
    assert.match((await bench.run('show', 'notes.txt')).out, /state +not an entry of this program\n/);
  });

  it('shows all about a request but the picture, and its size in pixels', async () => {
    const { request, jpeg } = await pictureRequest(1);
    bench.put('quarantine', 1, request);
    const { code, out } = await bench.run('show', ids[0], '--json');
    assert.equal(code, 0);
    const facts = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual(facts['image'], { bytes: jpeg.length, width: 64, height: 48 });
    assert.deepEqual(
      [facts['place'], facts['state'], facts['format'], facts['storedAt'], facts['contentType']],
      ['quarantine', 'intact', 'json', STORED_AT, 'application/json'],
    );
    assert.ok(out.length < 2000 && !out.includes('image_data'));
    const text = (await bench.run('show', ids[0])).out;
    assert.match(text, /image\.width +64\n/);
    assert.match(text, /metadata\.device_id +pi-test\n/);
    assert.match(text, /reason +not recorded\n/);
  });

  it('exports byte for byte to standard output, and nothing else with it', async () => {
    const { request, jpeg } = await pictureRequest(1);
    bench.put('outbox', 1, request);
    const picture = await bench.run('export', ids[0], '-o', '-');
    assert.deepEqual([picture.code, picture.err], [0, '']);
    assert.ok(Buffer.from(picture.out, 'latin1').equals(jpeg));
    const payload = await bench.run('export', ids[0], '-o', '-', '--payload', '--json');
    assert.ok(Buffer.from(payload.out, 'latin1').equals(request.payload));
  });

  it('does not show a drop on its way out, which the daemon records', async () => {
    const name = bench.put('outbox', 1);
    const aside = bench.put('quarantine', 2);
    renameSync(join(bench.outbox, name), join(bench.outbox, `${name}.outboxFull`));
    renameSync(join(bench.quarantine, aside), join(bench.quarantine, `${aside}.quarantineFull`));
    const { out } = await bench.run('list');
    assert.equal(out, 'outbox: empty, nothing waits\n\nquarantine: empty\n');
  });

  it('exports the JPEG, or the payload, byte for byte, and overwrites only by force', async () => {
    const { request, jpeg } = await pictureRequest(1);
    bench.put('outbox', 1, request);
    const output = join(bench.folder, 'out.jpg');
    const { code, out } = await bench.run('export', ids[0], '-o', output);
    assert.deepEqual([code, out], [0, `${output}: ${jpeg.length} bytes of ${ids[0]}\n`]);
    assert.ok(Buffer.from(jpeg).equals(readFileSync(output)));
    const again = await bench.run('export', ids[0], '-o', output, '--payload');
    assert.equal(again.code, 2);
    assert.match(again.err, /^Cannot export to .*: the file exists, a new name or --force is needed\n/);
    assert.equal((await bench.run('export', ids[0], '-o', output, '--payload', '--force')).code, 0);
    assert.ok(Buffer.from(request.payload).equals(readFileSync(output)));
    assert.equal(bench.names().length, 1);
  });
});
