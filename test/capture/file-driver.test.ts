import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FRAME_BYTES_MAX } from '../../src/capture/driver.ts';
import { createFileDriver } from '../../src/capture/file-driver.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { never } from './capture-bench.ts';

describe('createFileDriver()', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'shutterd-file-'));
  });

  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  /** What each of some captures gives: the file's text, or the cause. */
  async function captures(path: string, count: number): Promise<readonly string[]> {
    const driver = createFileDriver({ path, clock: createSystemClock() });
    const found: string[] = [];
    for (let turn = 0; turn < count; turn += 1) {
      const outcome = await driver.capture({ signal: never, deadlineMs: 1000 });
      found.push(outcome.kind === 'captured' ? Buffer.from(outcome.bytes).toString() : outcome.cause);
    }
    return found;
  }

  it('says noDevice and names the setting where there is no picture', async () => {
    mkdirSync(join(root, 'empty'));
    writeFileSync(join(root, 'empty', 'notes.txt'), 'x');
    for (const path of ['', join(root, 'gone.jpg'), join(root, 'gone', 'a.jpg'), join(root, 'empty')]) {
      const outcome = await createFileDriver({ path, clock: createSystemClock() }).capture({
        signal: never,
        deadlineMs: 1,
      });
      assert.ok(outcome.kind === 'failed' && outcome.cause === 'noDevice', path);
      assert.match(outcome.remedy, /camera\.path/);
    }
  });

  it('says badFrame of a file that is too large, and does not hang on a FIFO', async () => {
    writeFileSync(join(root, 'large.jpg'), Buffer.alloc(FRAME_BYTES_MAX + 1));
    execFileSync('mkfifo', [join(root, 'fifo.jpg')]);
    assert.deepEqual(await captures(join(root, 'large.jpg'), 1), ['badFrame']);
    assert.deepEqual(await captures(join(root, 'fifo.jpg'), 1), ['badFrame']);
  });

  it('gives the pictures of a folder in the order of their names, again and again', async () => {
    for (const name of ['b.jpeg', 'a.jpg', 'C.JPG', 'd.png', '.jpg.swp'])
      writeFileSync(join(root, name), name);
    assert.deepEqual(await captures(root, 5), ['C.JPG', 'a.jpg', 'b.jpeg', 'C.JPG', 'a.jpg']);
  });

  it('reads anew at every capture', async () => {
    const path = join(root, 'a.jpg');
    const driver = createFileDriver({ path: root, clock: createSystemClock() });
    const texts: string[] = [];
    for (const text of ['first', 'second']) {
      writeFileSync(path, text);
      const outcome = await driver.capture({ signal: never, deadlineMs: 1000 });
      texts.push(outcome.kind === 'captured' ? Buffer.from(outcome.bytes).toString() : outcome.cause);
    }
    assert.deepEqual(texts, ['first', 'second']);
  });
});
