// The outbox killed at each of its system calls, and with each of them failing: nothing that it promised is lost.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAMAGED_NUMBER } from './life-plan.ts';
import { restart, type Restarted } from './restart.ts';
import { everyNth, faultPoints, numbersSaid, runLife, type Life } from './run-life.ts';

const isLong = process.env['SHUTTERD_TEST_LONG'] === '1';
/** The short run takes every so-many-th point, none of them a divisor of what repeats in a life. */
const KILL_STEP = isLong ? 1 : 3;
const ERROR_STEP = isLong ? 1 : 7;
const CODES = ['ENOSPC', 'EIO', 'EROFS', 'EMFILE'] as const;

describe('Outbox under strace', function () {
  this.timeout(300_000);
  let folder: string;
  let root: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shutterd-storage-'));
    root = join(folder, 'life');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('keeps its promises when it is killed at any system call', async () => {
    const points = everyNth(faultPoints(runLife(root)), KILL_STEP);
    for (const { call, when } of points) {
      const inject = `${call}:signal=SIGKILL:when=${when}`;
      const life = runLife(root, { inject });
      assert.equal(life.signal, 'SIGKILL', inject);
      checkConservation(life, await restart(join(root, 'outbox')), inject);
    }
    assert.ok(points.length > 20);
    report(`${points.length} crash points`);
  });

  for (const [index, code] of CODES.entries()) {
    it(`keeps its promises when any system call fails with ${code}, once and from there on`, async () => {
      // Each code begins with another call, so that the short run meets more of them.
      const points = everyNth(faultPoints(runLife(root)).slice(index), ERROR_STEP);
      for (const { call, when } of points) {
        for (const lasting of ['', '+']) {
          const inject = `${call}:error=${code}:when=${when}${lasting}`;
          const life = runLife(root, { inject });
          assert.equal(life.signal, null, inject);
          assert.match(life.said.at(-1) ?? '', /^(ended|unopened)/, inject);
          assert.ok(life.said.filter((line) => line.startsWith('failing')).length <= 1, inject);
          const said = life.said.filter((line) => line.startsWith('failed')).length;
          assert.ok(said === 0 || life.said.includes(`failing ${code}`), inject);
          if (lasting === '' && life.said.includes('ended ')) checkRecovered(life, inject);
          checkConservation(life, await restart(join(root, 'outbox')), inject);
        }
      }
      report(`${points.length * 2} faults of ${code}`);
    });
  }
});

/** One failed call costs at most the one request that it belonged to. */
function checkRecovered(life: Life, inject: string): void {
  assert.ok(numbersSaid(life, 'failed').length <= 1, inject);
  assert.ok(numbersSaid(life, 'stored').length >= 4, inject);
}

function checkConservation(life: Life, after: Restarted, what: string): void {
  const dropped = [...numbersSaid(life, 'dropped'), ...after.dropped];
  const accounted = new Set([
    ...life.acknowledged,
    ...after.kept,
    ...after.damaged,
    ...after.quarantined,
    ...dropped,
  ]);
  const lost = numbersSaid(life, 'stored').filter((number) => !accounted.has(number));
  const detail = `${what}: ${JSON.stringify({ ...life, calls: undefined, after })}`;
  assert.deepEqual(lost, [], `lost at ${detail}`);
  assert.ok(
    [...after.damaged, ...after.quarantined].every((number) => number === DAMAGED_NUMBER),
    `half an entry at ${detail}`,
  );
  assert.deepEqual(
    after.kept.filter((number) => dropped.includes(number)),
    [],
    `a drop came back at ${detail}`,
  );
  assert.deepEqual(after.strangers, [], `something is left over at ${detail}`);
  // One in flight: at most one acknowledged entry is sent again, unless the disk refused to remove them.
  const again = after.kept.filter((number) => life.acknowledged.includes(number));
  assert.ok(
    again.length <= 1 || life.said.some((line) => line.startsWith('failing')),
    `sent again at ${detail}`,
  );
}

function report(text: string): void {
  process.stdout.write(`        ${text}\n`);
}
