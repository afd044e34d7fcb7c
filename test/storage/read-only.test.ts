// A disk gone read-only and small real disks, each a mount in a namespace of its own process.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const READER = fileURLToPath(new URL('./read-only-life.js', import.meta.url));

describe('openOutbox() on a disk gone read-only', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'shutterd-read-only-'));
  });

  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('opens, delivers what it holds, answers new requests with EROFS, and says so once', () => {
    // Entries first, then the card dies, then the machine boots again. No rights are needed for a namespace of one's own.
    const script =
      'mount -t tmpfs tmpfs "$1"; "$2" "$3" "$1/outbox" fill; touch "$1/outbox/stranger" "$1/outbox/.tmp-half"; ' +
      'mount -o remount,ro "$1"; exec "$2" "$3" "$1/outbox" deliver';
    const ran = spawnSync(
      'unshare',
      [
        ...['--user', '--map-root-user', '--mount', 'sh', '-ec', script, 'sh'],
        root,
        process.execPath,
        READER,
      ],
      { encoding: 'utf8' },
    );
    assert.equal(ran.stderr, '');
    assert.deepEqual(ran.stdout.trim().split('\n'), [
      'stored 1',
      'stored 2',
      'failing EROFS',
      'delivered 1',
      'failed EROFS',
      'delivered 2',
      'left 0',
    ]);
  });
});
