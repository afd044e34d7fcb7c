// `shutterd outbox retry | purge` on real files, beside a real holder of the lock, and as root for another owner.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEntryFileName } from '../../src/outbox/entry-file.ts';
import { openOutbox } from '../../src/outbox/open-outbox.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createRunProcess } from '../../src/support/run-process.ts';
import { startChild } from '../helpers/child.ts';
import { fixedUuid } from '../helpers/fixed-random.ts';
import { createRecordingLog } from '../helpers/recording-log.ts';
import { sampleNumber, sampleRequest } from '../helpers/sample-request.ts';
import { Scope } from '../helpers/scope.ts';
import { BOUNDS, takeAll } from '../outbox/outbox-bench.ts';
import { createOutboxCommandBench, type OutboxCommandBench } from './outbox-bench.ts';

const HOLDER = fileURLToPath(new URL('../outbox/hold-outbox.js', import.meta.url));
const OTHER_UID = 4321;

function dropsIn(out: string): readonly Record<string, unknown>[] {
  const lines = out.split('\n').filter((line) => line.startsWith('{"level"'));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('shutterd outbox retry and purge', () => {
  const scope = new Scope();
  let bench: OutboxCommandBench;
  beforeEach(() => {
    bench = createOutboxCommandBench();
  });
  afterEach(async () => {
    await scope.end();
    bench.end();
  });

  /** A daemon's outbox in another process; it has stored request 1. */
  async function holdLock(): Promise<void> {
    const { lines } = startChild(scope, { file: process.execPath, args: [HOLDER, bench.outbox] });
    assert.equal(await lines.nth(1, () => true), 'open');
  }

  /** The numbers of the requests that a daemon finds afterwards, in its order. */
  async function openedAfter(): Promise<readonly number[]> {
    const clock = createSystemClock();
    const opened = await openOutbox({
      ...{ directory: bench.outbox, clock, log: createRecordingLog(), bounds: BOUNDS },
      ...{ clockSynchronised: () => true, searchPath: '/usr/bin:/bin' },
      run: createRunProcess({ clock, kill: (pid, signal) => process.kill(pid, signal) }),
    });
    assert.equal(opened.kind, 'open');
    try {
      return await takeAll(opened.outbox);
    } finally {
      await opened.outbox.close();
    }
  }

  function strangers(uid: number): readonly string[] {
    const names = readdirSync(bench.outbox, { recursive: true, encoding: 'utf8' });
    return names.filter((name) => lstatSync(join(bench.outbox, name)).uid !== uid);
  }

  for (const argv of [
    ['retry', fixedUuid(7)],
    ['purge', '--all', '--yes'],
  ]) {
    it(`refuses ${argv.join(' ')} while a daemon runs, says how to stop it, and changes nothing`, async () => {
      bench.put('quarantine', 7);
      await holdLock();
      const before = [bench.names(), bench.names('quarantine')];
      const { code, out, err } = await bench.run(...argv);
      assert.deepEqual([code, out], [1, '']);
      assert.match(err, /: a running shutterd holds outbox .*, stop it first \(systemctl stop shutterd\)\n$/);
      assert.deepEqual([bench.names(), bench.names('quarantine')], before);
    });
  }

  it('refuses a quarantine that is a link: root must not be led elsewhere', async () => {
    bench.put('outbox', 1);
    const elsewhere = join(bench.folder, 'elsewhere');
    mkdirSync(elsewhere, { mode: 0o700 });
    writeFileSync(join(elsewhere, 'precious'), 'x');
    symlinkSync(elsewhere, bench.quarantine);
    const { code, err } = await bench.run('purge');
    assert.equal(code, 1);
    assert.match(err, /^Cannot change outbox .*private folders \(0700\) of one owner\n$/);
    assert.deepEqual(readdirSync(elsewhere), ['precious']);
  });

  it('refuses to retry what is damaged, foreign, waiting already, or not in quarantine', async () => {
    bench.put('outbox', 1);
    bench.put('quarantine', 1);
    writeFileSync(join(bench.quarantine, bench.put('quarantine', 2)), 'shutterd-entry 1');
    writeFileSync(join(bench.quarantine, 'notes.txt'), 'x');
    bench.put('outbox', 3);
    for (const [id, message] of [
      [fixedUuid(1), /it is in the outbox already, once is allowed\n$/],
      [fixedUuid(2), /damaged: no entry header, an intact entry is needed\n$/],
      ['notes.txt', /notes\.txt: not an entry of this program, an intact entry is needed\n$/],
      [fixedUuid(3), /nothing in quarantine begins so, shutterd outbox list shows what is there\n$/],
    ] as const) {
      const { code, out, err } = await bench.run('retry', id);
      assert.deepEqual([code, out], [1, '']);
      assert.match(err, message);
    }
    assert.deepEqual([bench.names().length, bench.names('quarantine').length], [2, 3]);
  });

  it('puts a request back as the last of the outbox, takes its reason away, and a daemon delivers it last', async () => {
    bench.put('outbox', 5);
    bench.put('quarantine', 9);
    const name = bench.put('quarantine', 2);
    writeFileSync(join(bench.quarantine, `${name}.reason`), 'refused three times\n');
    const { code, out, err } = await bench.run('retry', fixedUuid(2), '--json');
    assert.deepEqual([code, err], [0, '']);
    assert.deepEqual(JSON.parse(out), { requestId: fixedUuid(2), sequence: 10, entries: 2 });
    assert.deepEqual(bench.names('quarantine').map(numberOf), [9]);
    assert.deepEqual(await openedAfter(), [5, 2]);
  });

  it('as root gives all it makes or moves to the owner of the outbox', async () => {
    assert.equal(process.getuid?.(), 0, 'this test needs root: it gives files to another user');
    bench.put('outbox', 1);
    bench.put('quarantine', 2); // and this one was left by root
    for (const path of [bench.outbox, bench.quarantine]) chownSync(path, OTHER_UID, OTHER_UID);
    chownSync(join(bench.outbox, bench.names()[0] ?? ''), OTHER_UID, OTHER_UID);
    assert.equal((await bench.run('retry', fixedUuid(2))).code, 0);
    assert.deepEqual(strangers(OTHER_UID), []);
    assert.ok(readdirSync(bench.outbox).includes('.lock'));
    assert.equal((await bench.run('purge', '--all', '--yes')).code, 0);
    assert.deepEqual(strangers(OTHER_UID), []);
  });

  it('purges quarantine beside a running daemon, each request as a recorded drop, and leaves the entries', async () => {
    await holdLock();
    const name = bench.put('quarantine', 7, sampleRequest(7, 20));
    writeFileSync(join(bench.quarantine, `${name}.reason`), 'refused\n');
    writeFileSync(join(bench.quarantine, 'notes.txt'), 'x');
    writeFileSync(join(bench.quarantine, 'gone.entry.reason'), 'its file went\n');
    mkdirSync(join(bench.quarantine, 'by-hand'));
    const { code, out, err } = await bench.run('purge');
    assert.deepEqual([code, err], [0, 'left alone: by-hand is a folder\n']);
    const drop = { level: 'warn', event: 'request.dropped', requestId: fixedUuid(7), bytes: 20 };
    assert.deepEqual(
      dropsIn(out).map(({ time, ...rest }) => [typeof time, rest]),
      [['string', { ...drop, reason: 'purged', accepted: true, from: 'quarantine' }]],
    );
    assert.match(out, /\npurged 1 requests and 2 other files\n$/);
    assert.deepEqual(bench.names('quarantine'), ['by-hand']);
    assert.equal(bench.names().length, 1);
  });

  it('tells what --all would throw away, and does it only with --yes', async () => {
    for (const number of [1, 2]) bench.put('outbox', number);
    bench.put('quarantine', 3);
    const asked = await bench.run('purge', '--all');
    assert.deepEqual([asked.code, asked.out], [1, '']);
    assert.match(
      asked.err,
      /: 2 entries and 1 quarantined files would go for good, --all --yes is needed\n$/,
    );
    assert.equal(bench.names().length, 2);
    const { code, out } = await bench.run('purge', '--all', '--yes', '--json');
    assert.equal(code, 0);
    assert.deepEqual(
      dropsIn(out).map(({ requestId }) => sampleNumber({ requestId: String(requestId) })),
      [1, 2, 3],
    );
    assert.ok(out.endsWith('{"purged":{"requests":3,"files":0,"left":[]}}\n'));
    assert.deepEqual([...bench.names(), ...bench.names('quarantine')], []);
  });

  it('has nothing to purge where there is no outbox or nothing in it', async () => {
    assert.deepEqual(await bench.run('purge'), { code: 0, out: 'nothing to purge\n', err: '' });
    mkdirSync(bench.quarantine, { recursive: true, mode: 0o700 });
    chmodSync(bench.outbox, 0o700);
    assert.deepEqual(await bench.run('purge'), { code: 0, out: 'nothing to purge\n', err: '' });
    assert.deepEqual(readdirSync(bench.outbox), ['quarantine']);
  });
});

function numberOf(name: string): number {
  return sampleNumber(parseEntryFileName(name) ?? { requestId: '' });
}
