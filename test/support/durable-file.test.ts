// Durable files under faults: strace kills the writer at each system call of a write, or lets that call fail.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDurableFolder } from '../../src/support/durable-file.ts';
import { DURABLE_NAME, DURABLE_PARTS } from './durable-sample.ts';

const WRITER = fileURLToPath(new URL('./write-durably.js', import.meta.url));
const CALLS = 'openat,writev,fdatasync,rename,fsync,close';
const CONTENT = Buffer.concat(DURABLE_PARTS);
const NOBODY = 65_534;

/**
 * Runs the writer on `folder` under strace, which sees only calls on the folder and the file's two names. One thread
 * does all of Node's file work, because strace counts calls for each thread.
 */
function traceWrite(
  folder: string,
  inject?: string,
): { said: string; signal: string | null; calls: readonly string[] } {
  const traceFile = `${folder}.trace`;
  const paths = [folder, join(folder, DURABLE_NAME), join(folder, `.tmp-${DURABLE_NAME}`)];
  const ran = spawnSync(
    'strace',
    [
      ...['-f', '-y', '-qq', '-o', traceFile, '-e', `trace=${CALLS}`],
      ...paths.flatMap((path) => ['-P', path]),
      ...(inject === undefined ? [] : ['-e', `inject=${inject}`]),
      ...[process.execPath, WRITER, folder],
    ],
    { env: { PATH: '/usr/bin:/bin', UV_THREADPOOL_SIZE: '1' }, encoding: 'utf8' },
  );
  assert.equal(ran.error, undefined, 'strace is installed');
  const calls = readFileSync(traceFile, 'utf8')
    .split('\n')
    .map((line) => /^\d+ +(\w+\(.*)$/.exec(line)?.[1] ?? '')
    .filter((call) => call !== '');
  return { said: ran.stdout, signal: ran.signal, calls };
}

describe('DurableFolder.write()', () => {
  let root: string;
  let folder: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'shutterd-durable-'));
    folder = join(root, 'folder');
    mkdirSync(folder);
  });

  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('leaves no file or the whole file when the process is killed at any system call of it', () => {
    const points = killPoints(traceWrite(folder).calls);
    assert.ok(points.length >= 10, points.join(' '));
    const found = { nothing: 0, whole: 0 };
    for (const point of points) {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      const { signal, said } = traceWrite(folder, point);
      assert.equal(signal, 'SIGKILL', point);
      assert.equal(said, '', 'it never said that the file is written');
      const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
      if (names.length === 0) {
        found.nothing += 1;
      } else {
        assert.deepEqual(names, [DURABLE_NAME], point);
        assert.ok(readFileSync(join(folder, DURABLE_NAME)).equals(CONTENT), point);
        found.whole += 1;
      }
    }
    assert.ok(found.nothing > 0 && found.whole > 0, JSON.stringify(found));
  });

  const errors: readonly { what: string; inject: string; code: string }[] = [
    { what: 'the disk has no room for the name', inject: 'openat:error=ENOSPC:when=2', code: 'ENOSPC' },
    { what: 'the disk is full at the content', inject: 'writev:error=ENOSPC:when=1', code: 'ENOSPC' },
    { what: 'the disk fails at the content', inject: 'writev:error=EIO:when=1', code: 'EIO' },
    { what: 'the flush fails', inject: 'fdatasync:error=EIO', code: 'EIO' },
    { what: 'the flush finds no room', inject: 'fdatasync:error=ENOSPC', code: 'ENOSPC' },
    { what: 'the rename fails', inject: 'rename:error=EIO', code: 'EIO' },
    { what: 'the rename finds no room', inject: 'rename:error=ENOSPC', code: 'ENOSPC' },
    { what: 'the flush of the folder fails', inject: 'fsync:error=EIO', code: 'EIO' },
    { what: 'there is no descriptor for the folder', inject: 'openat:error=EMFILE:when=3', code: 'EMFILE' },
  ];
  for (const { what, inject, code } of errors) {
    it(`rejects with ${code} and leaves nothing when ${what}`, () => {
      assert.equal(traceWrite(folder, inject).said, code);
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  it('leaves what had the name before when the new bytes cannot be written', () => {
    writeFileSync(join(folder, DURABLE_NAME), 'before');
    for (const inject of [
      'openat:error=ENOSPC:when=2',
      'writev:error=ENOSPC:when=1',
      'fdatasync:error=EIO',
    ]) {
      assert.notEqual(traceWrite(folder, inject).said, 'written');
      assert.deepEqual(readdirSync(folder), [DURABLE_NAME]);
      assert.equal(readFileSync(join(folder, DURABLE_NAME), 'utf8'), 'before', inject);
    }
  });

  it('writes the rest where the disk takes less than it is given, and fails with its code where that is refused', () => {
    const limited = (bytes: number): ReturnType<typeof spawnSync> =>
      spawnSync('prlimit', [`--fsize=${bytes}`, process.execPath, WRITER, folder], { encoding: 'utf8' });
    for (const bytes of [3, 7, 300, 507, 60_000]) {
      assert.equal(limited(bytes).stdout, 'EFBIG', `${bytes} bytes`);
      assert.deepEqual(readdirSync(folder), []);
    }
    assert.equal(limited(CONTENT.length).stdout, 'written');
    assert.ok(readFileSync(join(folder, DURABLE_NAME)).equals(CONTENT));
  });

  it('flushes the file, then names it, then flushes the folder', () => {
    const { said, calls } = traceWrite(folder);
    assert.equal(said, 'written');
    const order = calls
      .map((call) => call.slice(0, call.indexOf('(')))
      .filter((name) => /sync|rename|write/.test(name));
    assert.deepEqual(order, ['writev', 'fdatasync', 'rename', 'fsync']);
    assert.match(calls.find((call) => call.startsWith('fdatasync')) ?? '', /\/\.tmp-sample>/);
    assert.match(calls.find((call) => call.startsWith('fsync')) ?? '', /\/folder>/);
  });
});

/** `SYSCALL:signal=SIGKILL:when=N` for every call of a trace. */
function killPoints(calls: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  return calls.map((call) => {
    const name = call.slice(0, call.indexOf('('));
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return `${name}:signal=SIGKILL:when=${count}`;
  });
}

describe('openDurableFolder()', () => {
  let root: string;
  const at = (...names: string[]): string => join(root, ...names);

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'shutterd-durable-'));
  });

  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('rejects where a file is in the way', async () => {
    writeFileSync(at('file'), '');
    await assert.rejects(openDurableFolder(at('file')), { code: 'EEXIST' });
  });

  it('removes what interrupted writes left, and nothing else', async () => {
    for (const name of ['.tmp-1', '.tmp-2', '.lock', 'sample']) writeFileSync(at(name), name);
    const folder = await openDurableFolder(root);
    assert.deepEqual(readdirSync(root).sort(), ['.lock', 'sample']);
    assert.deepEqual(await folder.list(), ['sample']);
  });

  it('follows no link when it writes', async () => {
    writeFileSync(at('target'), 'untouched');
    const folder = await openDurableFolder(at('folder'));
    symlinkSync(at('target'), at('folder', '.tmp-sample'));
    await assert.rejects(folder.write('sample', DURABLE_PARTS), { code: 'EEXIST' });
    await folder.write('sample', DURABLE_PARTS);
    symlinkSync(at('target'), at('folder', 'other'));
    await folder.write('other', DURABLE_PARTS);
    assert.equal(readFileSync(at('target'), 'utf8'), 'untouched');
  });

  const unreadable: readonly { what: string; plant: (path: string) => void }[] = [
    { what: 'a folder', plant: (path) => mkdirSync(path) },
    { what: 'a FIFO', plant: (path) => void execFileSync('mkfifo', [path]) },
    { what: 'a link to a file', plant: (path) => symlinkSync('/etc/hostname', path) },
    { what: 'a file that is too long', plant: (path) => writeFileSync(path, 'x'.repeat(101)) },
  ];
  for (const { what, plant } of unreadable) {
    it(`reads nothing from ${what}`, async () => {
      const folder = await openDurableFolder(root);
      plant(at('sample'));
      assert.equal(await folder.read('sample', 100), undefined);
    });
  }

  it('rejects reading what is not there with its code', async () => {
    const folder = await openDurableFolder(root);
    await assert.rejects(folder.read('sample', 100), { code: 'ENOENT' });
  });

  it('reads back what was written, in files and folders for this user alone', async () => {
    const folder = await openDurableFolder(at('new', 'folder'));
    await folder.write(DURABLE_NAME, DURABLE_PARTS);
    assert.deepEqual(Buffer.from((await folder.read(DURABLE_NAME, CONTENT.length)) ?? []), CONTENT);
    const modes = execFileSync('stat', [
      '--format=%a',
      folder.path,
      join(folder.path, DURABLE_NAME),
    ]).toString();
    assert.equal(modes, '700\n600\n');
  });

  it('removes a file once, and is not troubled by the second time', async () => {
    const folder = await openDurableFolder(root);
    await folder.write('sample', DURABLE_PARTS);
    await folder.remove('sample');
    await folder.remove('sample');
    assert.deepEqual(await folder.list(), []);
  });

  it('moves a file to another folder', async () => {
    const from = await openDurableFolder(at('from'));
    const to = await openDurableFolder(at('to'));
    await from.write('sample', DURABLE_PARTS);
    await from.move('sample', to);
    assert.ok(!existsSync(at('from', 'sample')));
    assert.deepEqual(readFileSync(at('to', 'sample')), CONTENT);
  });

  it('moves a file under another name, and makes a folder again that somebody removed', async () => {
    const from = await openDurableFolder(at('from'));
    const to = await openDurableFolder(at('to'));
    await from.write('sample', DURABLE_PARTS);
    rmSync(at('to'), { recursive: true });
    await from.move('sample', to, 'other');
    assert.deepEqual(await to.list(), ['other']);
    await assert.rejects(from.move('sample', to), { code: 'ENOENT' });
  });

  it('probes the disk with a file of the size it is asked for, and tidies up after failed writes', async () => {
    const folder = await openDurableFolder(root);
    writeFileSync(at('.tmp-half'), 'half');
    mkdirSync(at('.tmp-folder'));
    await folder.probe(70_000);
    assert.deepEqual(readdirSync(root), ['.tmp-folder']);
    rmSync(root, { recursive: true });
    await assert.rejects(folder.probe(0), { code: 'ENOENT' });
  });

  it('gives what root makes to the user that the folder above belongs to, and reads no file of others', async () => {
    assert.equal(process.getuid?.(), 0, 'only root can be two users: run the tests as root');
    chownSync(root, NOBODY, NOBODY);
    const folder = await openDurableFolder(at('new', 'folder'));
    await folder.write('sample', DURABLE_PARTS);
    for (const path of [at('new'), at('new', 'folder'), at('new', 'folder', 'sample')]) {
      assert.deepEqual([statSync(path).uid, statSync(path).gid], [NOBODY, NOBODY], path);
    }
    chownSync(at('new', 'folder', 'sample'), 0, 0);
    assert.equal(await folder.read('sample', CONTENT.length), undefined);
  });

  it('tells a file that is closed to its user from a folder that is', async () => {
    assert.equal(process.getuid?.(), 0, 'only root can be two users: run the tests as root');
    chownSync(root, NOBODY, NOBODY);
    const folder = await openDurableFolder(root);
    await folder.write('sample', DURABLE_PARTS);
    await folder.write('other', DURABLE_PARTS);
    chownSync(at('sample'), 0, 0);
    process.seteuid?.(NOBODY);
    try {
      assert.equal(await folder.read('sample', CONTENT.length), undefined);
      assert.equal((await folder.read('other', CONTENT.length))?.length, CONTENT.length);
      chmodSync(root, 0o000);
      await assert.rejects(folder.read('other', CONTENT.length), { code: 'EACCES' });
    } finally {
      process.seteuid?.(0);
    }
  });
});
