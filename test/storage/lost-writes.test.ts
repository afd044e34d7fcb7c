// The outbox after a power cut that lost any part of what was not flushed.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyCall, disksAfterPowerCut, NOTHING_YET, type Disk, type Moment } from './lost-writes.ts';
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
  function recordMoments(intact: boolean): readonly Moment[] {
    const files = { said: join(root, 'said'), ledger: join(root, 'ledger') };
    const strace = ['-xx', '-s', '10000', '-P', files.said, '-P', files.ledger];
    const { calls } = runLife(root, intact ? { strace, intact } : { strace });
    const moments = [NOTHING_YET];
    for (const call of calls) moments.push(applyCall(moments.at(-1) ?? NOTHING_YET, call, files));
    return moments;
  }

  it('starts on every disk that it may find, with each promised entry whole and no recorded drop back', async () => {
    const states = [...possibleStates(recordMoments(true))];
    for (const { disk, moment } of states) {
      rebuild(disk, join(root, 'outbox'));
      await checkState(disk, moment, join(root, 'outbox'));
    }
    assert.ok(states.length > 50);
    process.stdout.write(`        ${states.length} states of a disk\n`);
  });

  it('is caught by this check when the folder is never flushed', async () => {
    const moment = recordMoments(true).find(({ said }) => said.includes('stored 1'));
    assert.ok(moment !== undefined);
    const names = new Map([...moment.names].filter(([path]) => !path.endsWith('.entry')));
    await assert.rejects(async () => {
      for (const disk of disksAfterPowerCut({ ...moment, names })) {
        rebuild(disk, join(root, 'outbox'));
        await checkState(disk, moment, join(root, 'outbox'));
      }
    }, assert.AssertionError);
  });
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
    assert.ok(gone.includes(number) || after.kept.includes(number), `${number} is lost: ${detail}`);
    assert.ok(!after.damaged.includes(number), `${number} is damaged: ${detail}`);
  }
  for (const number of numbers('dropped'))
    assert.ok(!after.kept.includes(number), `${number} is back: ${detail}`);
  assert.deepEqual(after.strangers, [], detail);
}
