// The history on a real folder, under a clock of the test's own.
import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHistory, type HistoryWriter } from '../../src/result/history.ts';
import { historyFileName, LINES_PER_FILE, readHistory } from '../../src/result/history-folder.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog, type RecordingLog } from '../helpers/recording-log.ts';
import { Scope } from '../helpers/scope.ts';
import { sampleEntry } from './history-samples.ts';

interface Bench {
  readonly folder: string;
  readonly history: HistoryWriter;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
}

describe('createHistory()', () => {
  const scope = new Scope();
  let state: string;
  beforeEach(async () => {
    state = await scope.folder();
  });
  afterEach(() => scope.end());

  const open = (maxEntries = 200, folder = join(state, 'results')): Bench => {
    const [clock, log] = [createFakeClock(), createRecordingLog()];
    return { folder, clock, log, history: createHistory({ folder, maxEntries, clock, log }) };
  };
  const add = (history: HistoryWriter, from: number, to = from): void => {
    for (let number = from; number <= to; number += 1) history.add(sampleEntry(number));
  };
  /** The numbers of the entries on disk. */
  const stored = async (folder = join(state, 'results'), limit = Infinity): Promise<number[]> =>
    (await readHistory(folder, { limit })).entries.map(({ entry }) => entry.latencyMs);

  it('says once that the disk refuses it, keeps the newest meanwhile, and says that it is well again', async () => {
    await writeFile(join(state, 'file'), '');
    const { folder, history, log } = open(3, join(state, 'file', 'results'));
    for (const number of [1, 2, 3, 4, 5]) {
      add(history, number);
      await history.close();
    }
    assert.deepEqual(log.summary().slice(0, 2), ['warn storage.failing', 'debug storage.failing']);
    assert.equal(log.lines[0]?.fields['code'], 'ENOTDIR');
    await rm(join(state, 'file'));
    add(history, 6);
    await history.close();
    assert.deepEqual(log.summary().at(-1), 'info storage.recovered');
    assert.deepEqual(await stored(folder), [4, 5, 6]);
  });

  it('makes its folder again when somebody removed it', async () => {
    const { folder, history, log } = open();
    add(history, 1);
    await history.close();
    await rm(folder, { recursive: true });
    add(history, 2);
    await history.close();
    add(history, 3);
    await history.close();
    assert.deepEqual(await stored(), [2, 3]);
    assert.deepEqual(log.summary(), ['warn storage.failing', 'info storage.recovered']);
  });

  it('begins a new file after one that is damaged', async () => {
    await mkdir(join(state, 'results'));
    await writeFile(join(state, 'results', historyFileName(7)), '{"half a');
    const { folder, history } = open();
    add(history, 1);
    await history.close();
    assert.deepEqual(await readdir(folder), [historyFileName(7), historyFileName(8)]);
    const { entries, damaged } = await readHistory(folder, { limit: 10 });
    assert.deepEqual([entries.length, damaged], [1, 1]);
  });

  it('touches no disk before the first result, and leaves no timer behind', async () => {
    const { folder, history, clock } = open();
    await clock.advance(3_600_000);
    await history.close();
    await assert.rejects(stat(folder), { code: 'ENOENT' });
    assert.equal(clock.timers(), 0);
  });

  it('writes the first at once and further ones at most every ten seconds', async () => {
    const { history, clock } = open();
    add(history, 1);
    await clock.advance(0);
    await history.close();
    assert.deepEqual(await stored(), [1]);
    add(history, 2, 4);
    await clock.advance(9999);
    assert.deepEqual([await stored(), clock.timers()], [[1], 1]);
    await clock.advance(1);
    await history.close();
    assert.deepEqual([await stored(), clock.timers()], [[1, 2, 3, 4], 0]);
  });

  it('writes at the stop what is waiting, twice or once', async () => {
    const { history, clock } = open();
    add(history, 1);
    await clock.advance(0);
    add(history, 2);
    await history.close();
    await history.close();
    assert.deepEqual([await stored(), clock.timers()], [[1, 2], 0]);
  });

  it('goes on where the last run ended', async () => {
    for (const run of [1, 2, 3, 4, 5]) {
      const { history } = open();
      add(history, 10 * run, 10 * run + 4);
      await history.close();
    }
    assert.equal((await readdir(join(state, 'results'))).length, 2);
    assert.equal((await stored()).length, 25);
  });

  for (const maxEntries of [1, 15, 16, 17, 200]) {
    it(`keeps at least the last ${maxEntries}, and at most two files more`, async () => {
      const { history } = open(maxEntries);
      for (let number = 1; number <= 301; number += 1) {
        add(history, number);
        if (number % 7 === 0) await history.close();
      }
      await history.close();
      const numbers = await stored();
      assert.ok(numbers.length >= Math.min(maxEntries, 301), String(numbers.length));
      assert.ok(numbers.length <= maxEntries + 2 * LINES_PER_FILE, String(numbers.length));
      const last = Array.from({ length: maxEntries }, (_, at) => 302 - maxEntries + at);
      assert.deepEqual(numbers.slice(-maxEntries), last);
      assert.deepEqual(await stored(undefined, maxEntries), last);
    });
  }

  it('keeps of a flood between two writes no more than it may', async () => {
    const { history } = open(20);
    add(history, 1, 5000);
    await history.close();
    assert.deepEqual([(await stored()).at(0), (await stored()).at(-1)], [4981, 5000]);
  });

  it('writes for nobody else to read, and leaves nothing half-written', async () => {
    await chmod(state, 0o755);
    const { folder, history } = open();
    add(history, 1, 40);
    await history.close();
    const modes = await Promise.all(
      [state, folder, join(folder, historyFileName(0))].map((path) => stat(path)),
    );
    assert.deepEqual(
      modes.map(({ mode }) => mode & 0o777),
      [0o755, 0o700, 0o600],
    );
    assert.deepEqual(await readdir(folder), [0, 1, 2].map(historyFileName));
    assert.equal((await readFile(join(folder, historyFileName(0)), 'utf8')).split('\n').length, 17);
  });
});

describe('readHistory()', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  it('says why a folder cannot be read', async () => {
    const folder = join(await scope.folder(), 'results');
    await writeFile(folder, '');
    assert.deepEqual(await readHistory(folder, { limit: 5 }), { entries: [], damaged: 0 });
    await assert.rejects(readHistory(`${folder}\0`, { limit: 5 }), /^OperatingError: Cannot read folder /);
  });

  it('skips and counts damaged lines and files, and reads around what is none of ours', async () => {
    const folder = await scope.folder();
    const line = JSON.stringify(sampleEntry(1));
    await writeFile(join(folder, historyFileName(0)), `${line}\n{"half":\n${line}\n`);
    await mkdir(join(folder, historyFileName(1)));
    await writeFile(join(folder, historyFileName(2)), 'x'.repeat(70_000));
    await writeFile(join(folder, '.tmp-000000000003.jsonl'), line);
    await writeFile(join(folder, 'notes.jsonl'), line);
    const { entries, damaged } = await readHistory(folder, { limit: 100 });
    assert.deepEqual([entries.map(({ position }) => position), damaged], [[0, 2], 3]);
  });

  it('gives the last ones, and those after a position', async () => {
    const folder = await scope.folder();
    for (const number of [4, 5, 6]) {
      const lines = Array.from({ length: LINES_PER_FILE }, (_, at) => JSON.stringify(sampleEntry(at)));
      await writeFile(join(folder, historyFileName(number)), `${lines.join('\n')}\n`);
    }
    const positions = async (options: { limit: number; after?: number }): Promise<number[]> =>
      (await readHistory(folder, options)).entries.map(({ position }) => position);
    assert.deepEqual(await positions({ limit: 2 }), [110, 111]);
    assert.deepEqual(await positions({ limit: 0 }), []);
    assert.deepEqual((await positions({ limit: 20 })).length, 20);
    assert.deepEqual(await positions({ limit: Infinity, after: 109 }), [110, 111]);
    assert.deepEqual((await positions({ limit: Infinity, after: 79 }))[0], 80);
    assert.deepEqual(await positions({ limit: Infinity, after: 111 }), []);
    assert.equal((await positions({ limit: Infinity })).length, 48);
  });
});
