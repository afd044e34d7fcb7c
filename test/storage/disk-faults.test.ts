// A thread of its own for the entries, under strace: each fault of the disk is answered as the thread pool answers it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeEntry, entryFileName } from '../../src/outbox/entry-file.ts';
import { sampleRequest } from '../helpers/sample-request.ts';

const LIFE = fileURLToPath(new URL('./disk-life.js', import.meta.url));
const isLong = process.env['SHUTTERD_TEST_LONG'] === '1';
const CODES = isLong
  ? (['EIO', 'EMFILE', 'EROFS', 'ENOSPC', 'EACCES'] as const)
  : (['EIO', 'EMFILE'] as const);
const CALLS = ['openat', 'statx', 'pread64', 'close', 'unlink'] as const;
const BYTES = 300;
const HANGING = isLong ? CALLS : (['pread64', 'unlink'] as const);
const HANG_MS = 1500;

type Way = 'pool' | 'thread';

describe('The thread of the entries under strace', function () {
  this.timeout(120_000);
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'shutterd-disk-faults-'));
  });

  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  /** What became of two entries; the fault meets the calls on their files alone. */
  function live(way: Way, inject: string): { readonly said: readonly string[]; readonly stillMs: number } {
    const paths = [1, 2].map((number) => {
      const request = sampleRequest(number, BYTES);
      const stored = { request, storedAt: '2031-05-06T07:08:09.010Z', storedAtSynchronised: true };
      const name = entryFileName({ sequence: number, requestId: request.requestId, bytes: BYTES });
      writeFileSync(join(root, name), Buffer.concat(encodeEntry(stored)), { mode: 0o600 });
      return join(root, name);
    });
    const ran = spawnSync(
      'strace',
      [
        ...['-f', '-qq', '-o', '/dev/null', '-e', `trace=${CALLS.join(',')}`, '-e', `inject=${inject}`],
        ...paths.flatMap((path) => ['-P', path]),
        ...[process.execPath, LIFE, root, way],
      ],
      { env: { PATH: '/usr/bin:/bin', UV_THREADPOOL_SIZE: '1' }, encoding: 'utf8' },
    );
    assert.equal(ran.error, undefined, 'strace is installed');
    assert.equal(ran.status, 0, ran.stderr);
    const lines = ran.stdout.trim().split('\n');
    return { said: lines.slice(0, -1), stillMs: Number(/^still (\d+)$/.exec(lines.at(-1) ?? '')?.[1]) };
  }

  for (const call of CALLS) {
    it(`answers a ${call} that fails as the thread pool does, and the next entry as if nothing was`, () => {
      for (const code of CODES) {
        const [pool, thread] = (['pool', 'thread'] as const).map((way) => {
          const { said } = live(way, `${call}:error=${code}:when=1`);
          return said;
        });
        assert.deepEqual(thread, pool);
        assert.match(thread?.join() ?? '', new RegExp(code));
        assert.deepEqual(thread?.slice(2), ['read entry', 'removed done']);
      }
    });
  }

  it('stands still in the place of the main thread where the disk hangs', () => {
    for (const call of HANGING) {
      const { said, stillMs } = live('thread', `${call}:delay_enter=${HANG_MS * 1000}:when=1`);
      assert.deepEqual(said, ['read entry', 'removed done', 'read entry', 'removed done']);
      assert.ok(stillMs < HANG_MS / 2, `${call}: the main thread stood still for ${stillMs} ms`);
    }
    assert.deepEqual(readdirSync(root), []);
  });
});
