import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatingError } from '../../src/support/errors.ts';
import * as files from '../../src/support/files.ts';

describe('files', () => {
  let root: string;
  const at = (name: string): string => join(root, name);

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'shutterd-files-'));
    writeFileSync(at('file'), '12345');
    mkdirSync(at('folder'));
    symlinkSync(at('file'), at('link'));
    symlinkSync(at('nowhere'), at('dangling'));
    symlinkSync(at('circle'), at('circle'));
    execFileSync('mkfifo', [at('fifo')]);
  });

  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  const reads: readonly { name: string; expected: Partial<files.FileRead> }[] = [
    { name: 'absent', expected: { kind: 'absent' } },
    { name: 'file/below', expected: { kind: 'absent' } },
    { name: 'dangling', expected: { kind: 'absent' } },
    { name: 'circle', expected: { kind: 'failed', code: 'ELOOP' } },
    { name: 'folder', expected: { kind: 'failed', code: 'EINVAL', detail: 'not a regular file' } },
    { name: 'fifo', expected: { kind: 'failed', code: 'EINVAL', detail: 'not a regular file' } },
    { name: 'large', expected: { kind: 'tooLarge', bytes: 6 } },
    { name: 'file', expected: { kind: 'read', bytes: Buffer.from('12345'), mode: 0o640 } },
    { name: 'link', expected: { kind: 'read', bytes: Buffer.from('12345'), mode: 0o640 } },
  ];
  for (const { name, expected } of reads) {
    it(`readBoundedFile() answers ${expected.kind ?? ''} for ${name}`, async () => {
      chmodSync(at('file'), 0o640);
      writeFileSync(at('large'), '123456');
      const read = await files.readBoundedFile(at(name), 5);
      assert.deepEqual({ ...read, ...expected }, read);
      assert.equal(read.kind, expected.kind);
    });
  }

  it('readBoundedFile() reads no more than is allowed of a file that says it is empty', async () => {
    assert.equal(statSync('/proc/cpuinfo').size, 0);
    assert.deepEqual(await files.readBoundedFile('/proc/cpuinfo', 5), { kind: 'tooLarge', bytes: 6 });
    const read = await files.readBoundedFile('/proc/version', 10_000);
    assert.ok(read.kind === 'read');
    assert.equal(Buffer.from(read.bytes).toString(), readFileSync('/proc/version', 'utf8'));
  });

  for (const size of [0, 1, 65_535, 65_536, 65_537, 200_000]) {
    it(`readBoundedFile() reads all of ${String(size)} bytes where so many are allowed, and not one fewer`, async () => {
      const bytes = Buffer.from(Array.from({ length: size }, (_, index) => index % 251));
      writeFileSync(at('some'), bytes);
      const read = await files.readBoundedFile(at('some'), size);
      assert.ok(read.kind === 'read' && bytes.equals(read.bytes));
      if (size === 0) return;
      assert.deepEqual(await files.readBoundedFile(at('some'), size - 1), { kind: 'tooLarge', bytes: size });
    });
  }

  it('readBoundedFile() names the owner', async () => {
    const read = await files.readBoundedFile(at('file'), 5);
    assert.ok(read.kind === 'read' && read.ownerUid === statSync(at('file')).uid);
  });

  it('readSystemText() knows nothing of what is not there', async () => {
    assert.equal(await files.readSystemText(at('absent')), undefined);
    assert.equal(await files.readSystemText(at('folder')), undefined);
  });

  it('readSystemText() trims, and drops the zero byte that a device tree ends its texts with', async () => {
    writeFileSync(at('model'), 'Raspberry Pi 400\0\n');
    assert.equal(await files.readSystemText(at('model')), 'Raspberry Pi 400');
  });

  it('listFolder() is empty where there is no folder', async () => {
    assert.deepEqual(await files.listFolder(at('absent')), []);
    assert.deepEqual(await files.listFolder(at('file')), []);
  });

  it('listFolder() rejects with what is so where a folder cannot be read', async () => {
    await assert.rejects(files.listFolder(at('circle')), (error) => {
      assert.ok(error instanceof OperatingError);
      assert.equal(error.code, 'ELOOP');
      assert.match(error.message, /^Cannot read folder .*circle: /);
      return true;
    });
  });

  it('listFolder() sorts the names', async () => {
    for (const name of ['b', 'a', 'B']) writeFileSync(join(at('folder'), name), '');
    assert.deepEqual(await files.listFolder(at('folder')), ['B', 'a', 'b']);
  });

  const kinds: readonly [name: string, kind: files.PathKind][] = [
    ['absent', 'absent'],
    ['dangling', 'absent'],
    ['fifo', 'other'],
    ['file', 'file'],
    ['link', 'file'],
    ['folder', 'folder'],
    ['../../dev/null', 'characterDevice'],
  ];
  for (const [name, kind] of kinds) {
    it(`pathKind() says ${kind} for ${name}`, async () => {
      assert.equal(await files.pathKind(name.startsWith('..') ? '/dev/null' : at(name)), kind);
    });
  }

  it('resolveLink() follows a link, and says so where it leads nowhere', async () => {
    assert.equal(await files.resolveLink(at('dangling')), undefined);
    assert.equal(await files.resolveLink(at('circle')), undefined);
    assert.equal(await files.resolveLink(at('link')), await files.resolveLink(at('file')));
  });

  it('canReadAndWrite() is false for what is not there', async () => {
    assert.equal(await files.canReadAndWrite(at('absent')), false);
    assert.equal(await files.canReadAndWrite(at('file')), true);
  });

  it('makePrivateFolder() closes a folder to others, also one that exists', async () => {
    chmodSync(at('folder'), 0o777);
    await files.makePrivateFolder(at('folder'));
    await files.makePrivateFolder(at('new'));
    assert.deepEqual(
      [at('folder'), at('new')].map((path) => statSync(path).mode & 0o777),
      [0o700, 0o700],
    );
  });

  it('makeTemporaryFolder() makes a private folder, and removes it with what is in it', async () => {
    const temporary = await files.makeTemporaryFolder(root);
    assert.equal(statSync(temporary.path).mode & 0o777, 0o700);
    writeFileSync(join(temporary.path, 'inside'), '');
    await temporary.remove();
    await temporary.remove();
    assert.equal(existsSync(temporary.path), false);
  });

  it('writeFile() says what is needed where it may not write', async () => {
    await assert.rejects(files.writeFile(at('absent/file'), Buffer.from('x')), {
      name: 'OperatingError',
      code: 'ENOENT',
      message: `Cannot write ${at('absent/file')}: ENOENT, a folder that this user may write to is needed`,
    });
  });

  it('writeFile() replaces what was there', async () => {
    await files.writeFile(at('file'), Buffer.from('x'));
    assert.equal(readFileSync(at('file'), 'utf8'), 'x');
  });

  it('removeWhole() says what is in the way', async () => {
    const removal = await files.removeWhole('/proc/self/status');
    assert.equal(removal.kind, 'failed');
    assert.match(removal.detail, /^E[A-Z]+: /);
  });

  it('removeWhole() removes a file or a folder once, and is not troubled by the second time', async () => {
    writeFileSync(join(at('folder'), 'inside'), '');
    for (const name of ['file', 'folder', 'file', 'folder']) {
      assert.deepEqual(await files.removeWhole(at(name)), { kind: 'removed' });
      assert.equal(existsSync(at(name)), false);
    }
  });

  it('hasProgram() finds only a file that may be run', async () => {
    mkdirSync(at('bin'));
    writeFileSync(join(at('bin'), 'tool'), '', { mode: 0o644 });
    mkdirSync(join(at('folder'), 'tool'));
    assert.equal(await files.hasProgram('tool', `${at('bin')}:${at('folder')}:${at('absent')}`), false);
    chmodSync(join(at('bin'), 'tool'), 0o755);
    assert.equal(await files.hasProgram('tool', `:${at('folder')}:${at('bin')}`), true);
  });

  it('privateFolderOwner() knows the owner of a closed folder, and of nothing else', async () => {
    chmodSync(at('folder'), 0o755);
    symlinkSync(at('folder'), at('folderLink'));
    for (const name of ['absent', 'file', 'folder', 'folderLink']) {
      assert.equal(await files.privateFolderOwner(at(name)), undefined, name);
    }
    chmodSync(at('folder'), 0o700);
    assert.equal(await files.privateFolderOwner(at('folder')), process.getuid?.());
    assert.equal(await files.privateFolderOwner(at('folderLink')), undefined);
  });

  it('freeBytes() counts what df shows', async () => {
    const shown = Number(
      execFileSync('df', ['--output=avail', '--block-size=1', root]).toString().split('\n')[1],
    );
    const free = await files.freeBytes(root);
    // Others write to this disk as well; a tenth is no block-size mistake.
    assert.ok(Math.abs(free - shown) <= shown / 10 + 1_000_000, `${free}, df shows ${shown}`);
  });
});
