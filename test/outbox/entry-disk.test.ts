// What the thread pool and the thread answer about one entry's file: the same, whatever lies there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Entry } from '../../src/domain.ts';
import { poolDisk, type EntryDisk, type Loaded } from '../../src/outbox/entry-disk.ts';
import { encodeEntry, entryFileName } from '../../src/outbox/entry-file.ts';
import { startEntryThread } from '../../src/outbox/entry-thread.ts';
import { openDurableFolder, type DurableFolder } from '../../src/support/durable-file.ts';
import { sampleNumber, sampleRequest } from '../helpers/sample-request.ts';

const BYTES = 5000;
const DISKS: Readonly<
  Record<string, (folder: DurableFolder) => Promise<EntryDisk & { end?(): Promise<void> }>>
> = {
  'thread pool': (folder) => Promise.resolve(poolDisk(folder)),
  thread: startEntryThread,
};

for (const [name, open] of Object.entries(DISKS)) {
  describe(`EntryDisk by the ${name}`, () => {
    let root: string;
    let disk: Awaited<ReturnType<typeof open>>;

    beforeEach(async () => {
      root = mkdtempSync(join(tmpdir(), 'shutterd-disk-'));
      disk = await open(await openDurableFolder(root));
    });

    afterEach(async () => {
      await disk.end?.();
      rmSync(root, { recursive: true, force: true });
    });

    const pathOf = (entry: Entry): string => join(root, entryFileName(entry));

    function write(number: number, bytes = BYTES): Entry {
      const request = sampleRequest(number, bytes);
      const entry = { sequence: number, requestId: request.requestId, bytes };
      const stored = { request, storedAt: '2031-05-06T07:08:09.010Z', storedAtSynchronised: true };
      writeFileSync(pathOf(entry), Buffer.concat(encodeEntry(stored)), { mode: 0o600 });
      return entry;
    }

    async function detailOf(entry: Entry): Promise<string> {
      const { decoded } = await disk.load(entry);
      assert.equal(decoded.kind, 'damaged');
      return decoded.detail;
    }

    const strange: readonly { what: string; detail: RegExp; lay: (path: string) => void }[] = [
      { what: 'is gone', detail: /its file is gone/, lay: () => undefined },
      { what: 'is empty', detail: /no entry header/, lay: (path) => writeFileSync(path, '') },
      { what: 'is cut', detail: /bytes, the header says/, lay: (path) => cut(path, 300) },
      { what: 'is a folder', detail: /not a regular file/, lay: (path) => mkdirSync(path) },
      { what: 'is a link', detail: /not a regular file/, lay: (path) => symlinkSync('/etc/hostname', path) },
      { what: 'is a FIFO', detail: /not a regular file/, lay: (path) => spawnSync('mkfifo', [path]) },
      {
        what: 'is too long',
        detail: /not a regular file/,
        lay: (path) => writeFileSync(path, Buffer.alloc(1e6)),
      },
    ];

    /** The file of entry 2, in the place of 1's: whole, and then cut. */
    function cut(path: string, bytes: number): void {
      renameSync(pathOf(write(2)), path);
      spawnSync('truncate', ['-s', String(bytes), path]);
    }

    for (const { what, detail, lay } of strange) {
      it(`load() answers that a file is damaged which ${what}, and those beside it are read`, async () => {
        const requestId = sampleRequest(1).requestId;
        const bad = { sequence: 1, requestId, bytes: BYTES };
        lay(pathOf(bad));
        const good = write(3);
        const [detailOfBad, { decoded }] = await Promise.all([detailOf(bad), disk.load(good)]);
        assert.match(detailOfBad, detail);
        assert.ok(decoded.kind === 'entry' && sampleNumber(decoded.stored.request) === 3);
      });
    }

    it('rejects with the system error, its code, call and path, and answers the others', async () => {
      const entry = write(1);
      const folder = `${'0'.repeat(16)}.folder`;
      mkdirSync(join(root, folder));
      const [refused, removed] = await Promise.allSettled([
        disk.remove(folder),
        disk.remove(entryFileName(entry)),
      ]);
      assert.equal(removed.status, 'fulfilled');
      assert.equal(refused.status, 'rejected');
      const error = refused.reason as NodeJS.ErrnoException;
      assert.ok(error instanceof Error);
      assert.deepEqual([error.code, error.syscall, error.path], ['EISDIR', 'unlink', join(root, folder)]);
      assert.ok(typeof error.errno === 'number' && error.message.startsWith('EISDIR: '));
    });

    it('rejects load() with ENOTDIR where the folder is none any more', async () => {
      const entry = write(1);
      rmSync(root, { recursive: true });
      writeFileSync(root, '');
      await assert.rejects(disk.load(entry), { code: 'ENOTDIR', syscall: 'open', path: pathOf(entry) });
    });

    it('remove() is harmless where the file is gone', async () => {
      await disk.remove(entryFileName({ sequence: 1, requestId: sampleRequest(1).requestId, bytes: 1 }));
    });

    it('load() uses spare memory that is large enough, and other memory where it is not', async () => {
      const first = await disk.load(write(1), new ArrayBuffer(BYTES + 1000));
      assert.equal(first.memory?.byteLength, BYTES + 1000);
      const second = await disk.load(write(2), first.memory);
      assert.equal(second.memory?.byteLength, BYTES + 1000);
      assert.deepEqual(payloadOf(second), sampleRequest(2, BYTES).payload);
      const third = await disk.load(write(3, 2 * BYTES), second.memory);
      assert.ok((third.memory?.byteLength ?? 0) >= 2 * BYTES);
      assert.deepEqual(payloadOf(third), sampleRequest(3, 2 * BYTES).payload);
    });

    it('answers many at once, each with its own', async () => {
      const entries = Array.from({ length: 40 }, (_, at) => write(at + 1));
      const loaded = await Promise.all(entries.map((entry) => disk.load(entry)));
      for (const [at, one] of loaded.entries()) {
        assert.deepEqual(payloadOf(one), sampleRequest(at + 1, BYTES).payload);
      }
      await Promise.all(entries.map((entry) => disk.remove(entryFileName(entry))));
      for (const entry of entries) assert.equal(await detailOf(entry), 'its file is gone');
    });

    it('load() refuses a file of a mode or owner that closes it', async function () {
      const entry = write(1);
      chmodSync(pathOf(entry), 0o000);
      const { decoded } = await disk.load(entry);
      // Root reads it all the same.
      assert.equal(decoded.kind, process.getuid?.() === 0 ? 'entry' : 'damaged');
    });
  });
}

describe('EntryThread.end()', () => {
  it('answers what was asked before it ends the thread', async () => {
    const root = mkdtempSync(join(tmpdir(), 'shutterd-disk-'));
    const thread = await startEntryThread(await openDurableFolder(root));
    const names = Array.from({ length: 20 }, (_, at) => `file-${at}`);
    for (const name of names) writeFileSync(join(root, name), '');
    const answers = names.map((name) => thread.remove(name));
    await thread.end();
    await Promise.all(answers);
    rmSync(root, { recursive: true });
  });
});

function payloadOf({ decoded }: Loaded): Uint8Array {
  assert.equal(decoded.kind, 'entry');
  return new Uint8Array(decoded.stored.request.payload);
}
