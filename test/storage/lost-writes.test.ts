// The outbox after a power cut that lost any part of what was not flushed.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleRequest } from '../helpers/sample-request.ts';
import { applyCall, disksAfterPowerCut, NOTHING_YET, type Disk, type Moment } from './lost-writes.ts';
import { LIFE_PAYLOAD_BYTES, type LifePlan } from './life-plan.ts';
import { restart } from './restart.ts';
import { runLife } from './run-life.ts';

describe('Outbox after a power cut', function () {
  this.timeout(60_000);
  let folder: string;
  let root: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shutterd-power-'));
    root = join(folder, 'life');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Every moment of a short life, the first one empty. */
  function recordMoments(plan: LifePlan): readonly Moment[] {
    const files = { said: join(root, 'said'), ledger: join(root, 'ledger') };
    const strace = ['-xx', '-s', '10000', '-P', files.said, '-P', files.ledger];
    const { calls } = runLife(root, { strace, plan });
    const moments = [NOTHING_YET];
    for (const call of calls) moments.push(applyCall(moments.at(-1) ?? NOTHING_YET, call, files));
    return moments;
  }

  for (const [plan, story] of [
    ['intact', 'each promised entry whole and no recorded drop back'],
    ['refusing', 'each refused entry in one place, with its reason, or recorded as dropped'],
  ] as const) {
    it(`starts on every disk that it may find, with ${story}`, async () => {
      const states = [...possibleStates(recordMoments(plan))];
      for (const { disk, moment } of states) {
        rebuild(disk, join(root, 'outbox'));
        await checkState(disk, moment, join(root, 'outbox'));
      }
      assert.ok(states.length > 50 && states.length < 2000, `${states.length} states of a disk`);
      process.stdout.write(`        ${states.length} states of a disk\n`);
    });
  }

  it('meets the whole way into quarantine and out of it', () => {
    const said = recordMoments('refusing').at(-1)?.said ?? [];
    const told = said.filter((line) => /^(dropped|quarantined|aside) /.test(line));
    assert.deepEqual(told, [
      'dropped 1',
      'quarantined 3',
      'aside 3',
      'quarantined 4',
      'dropped 3',
      'aside 4',
    ]);
  });

  for (const [plan, line, lost] of [
    ['intact', 'stored 1', '.entry'],
    ['refusing', 'aside 3', '.entry'],
    ['refusing', 'aside 3', '.reason'],
  ] as const) {
    it(`is caught by this check when ${lost} files are not there after "${line}"`, async () => {
      const moment = recordMoments(plan).find(({ said }) => said.includes(line));
      assert.ok(moment !== undefined);
      const names = new Map([...moment.names].filter(([path]) => !path.endsWith(lost)));
      await assert.rejects(async () => {
        for (const disk of disksAfterPowerCut({ ...moment, names })) {
          rebuild(disk, join(root, 'outbox'));
          await checkState(disk, moment, join(root, 'outbox'));
        }
      }, assert.AssertionError);
    });
  }
});

/** Each disk once, with the promises that had been made when it arose. */
function* possibleStates(moments: readonly Moment[]): Generator<{ disk: Disk; moment: Moment }> {
  const seen = new Set<string>();
  for (const moment of moments) {
    for (const disk of disksAfterPowerCut(moment)) {
      const content = [...disk].map(([path, data]) => `${path} ${data.toString('base64')}`).sort();
      const key = JSON.stringify([content, moment.said, moment.acknowledged]);
      if (seen.has(key)) continue;
      seen.add(key);
      yield { disk, moment };
    }
  }
}

function rebuild(disk: Disk, directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, 'quarantine'), { recursive: true, mode: 0o700 });
  for (const [path, data] of disk) writeFileSync(path, data, { mode: 0o600 });
}

async function checkState(disk: Disk, { said, acknowledged }: Moment, directory: string): Promise<void> {
  const after = await restart(directory);
  const detail = JSON.stringify({ disk: [...disk.keys()], said, acknowledged, after });
  const numbers = (what: string): readonly number[] =>
    said.filter((line) => line.startsWith(`${what} `)).map((line) => Number(line.slice(what.length + 1)));
  const gone = [...acknowledged.map(Number), ...numbers('dropped'), ...after.dropped];
  for (const number of numbers('stored')) {
    const places = [...after.kept, ...after.quarantined].filter((other) => other === number);
    assert.ok(gone.includes(number) || places.length === 1, `${number} is lost or there twice: ${detail}`);
    assert.ok(!after.damaged.includes(number), `${number} is damaged: ${detail}`);
  }
  for (const number of [...numbers('dropped'), ...after.dropped]) {
    assert.ok(![...after.kept, ...after.quarantined].includes(number), `${number} is back: ${detail}`);
  }
  for (const number of numbers('aside')) {
    assert.ok(!after.kept.includes(number), `${number} is to be sent again: ${detail}`);
    const reason = `${sampleRequest(number).requestId}.${LIFE_PAYLOAD_BYTES}.entry.reason`;
    assert.ok(gone.includes(number) || [...disk.keys()].some((path) => path.endsWith(reason)), detail);
  }
  assert.deepEqual(after.strangers, [], detail);
}
