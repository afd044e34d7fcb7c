// The outbox among processes: who may open it, what a kill -9 leaves, and a disk that is full for real.
import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createOutboxBench, takeAll, type OutboxBench } from './outbox-bench.ts';

function compiled(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

describe('openOutbox() in two processes', () => {
  let bench: OutboxBench;
  let holder: ChildProcess | undefined;

  beforeEach(() => {
    bench = createOutboxBench();
  });

  afterEach(async () => {
    await killHolder();
    await bench.end();
  });

  async function killHolder(): Promise<void> {
    if (holder === undefined) return;
    const gone = once(holder, 'exit');
    holder.kill('SIGKILL');
    holder = undefined;
    await gone;
  }

  /** Starts a process that opens the same folder; what came of it. */
  async function holdElsewhere(): Promise<string> {
    const child = spawn(process.execPath, [compiled('hold-outbox'), bench.directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    holder = child;
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    return said.toString().trim();
  }

  it('is refused while the other holds it, and opens with its entries after kill -9 of the other', async () => {
    assert.equal(await holdElsewhere(), 'open');
    assert.deepEqual(await bench.tryOpen(), { kind: 'taken' });
    await killHolder();
    assert.deepEqual(await takeAll(await bench.open()), [1]);
  });

  it('refuses the other while we hold it, and lets it in after close', async () => {
    const outbox = await bench.open();
    assert.equal(await holdElsewhere(), 'taken');
    await killHolder();
    await outbox.close();
    assert.equal(await holdElsewhere(), 'open');
  });
});

describe('Outbox.add() on a full disk', () => {
  let bench: OutboxBench;

  beforeEach(() => {
    bench = createOutboxBench();
  });

  afterEach(() => bench.end());

  it('fails with ENOSPC, leaves no file of it, and stores again once there is room', async () => {
    const mountPoint = join(dirname(bench.directory), 'small-disk');
    mkdirSync(mountPoint);
    // A mount namespace of its own: no rights are needed, and the mount is gone with the process.
    const script = 'mount -t tmpfs -o size=256k tmpfs "$1" && exec "$2" "$3" "$1/outbox"';
    const { stdout } = await promisify(execFile)('unshare', [
      ...['--user', '--map-root-user', '--mount', 'sh', '-ec', script, 'sh'],
      ...[mountPoint, process.execPath, compiled('fill-outbox')],
    ]);
    const { stored, full, namesWhenFull, countsWhenFull, afterRoom } = JSON.parse(stdout) as {
      stored: number;
      full: { kind: string; code: string };
      namesWhenFull: string[];
      countsWhenFull: object;
      afterRoom: string;
    };
    assert.ok(stored > 1);
    assert.deepEqual([full.kind, full.code], ['failed', 'ENOSPC']);
    assert.equal(namesWhenFull.length, stored);
    assert.deepEqual(countsWhenFull, { entries: stored, bytes: stored * 40_000, quarantined: 0 });
    assert.equal(afterRoom, 'stored');
  });
});
