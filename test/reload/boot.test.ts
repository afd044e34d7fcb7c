// What a start runs with, over files that are bad, gone, half there, on probation or rolled back, and a disk that keeps nothing.
import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boot, type BootOutcome } from '../../src/config/live/boot.ts';
import { createStateStore, type KeptState } from '../../src/config/live/kept-state.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog, type RecordingLog } from '../helpers/recording-log.ts';
import { Scope } from '../helpers/scope.ts';

describe('boot()', () => {
  const scope = new Scope();
  let root = '';
  let log: RecordingLog;
  beforeEach(async () => {
    root = await scope.folder();
    log = createRecordingLog();
    await mkdir(join(root, 'config'));
    await say(5);
  });
  afterEach(() => scope.end());

  const say = (seconds: number, more: object = {}): Promise<void> =>
    writeFile(
      join(root, 'config', 'fleet.json'),
      JSON.stringify({ results: { timeoutSeconds: seconds }, ...more }),
    );
  const start = (kept: KeptState, state = join(root, 'state')): Promise<BootOutcome> => {
    const paths = [join(root, 'config')];
    return boot(
      {
        ...{ clock: createFakeClock(), log, paths, store: createStateStore(state, paths) },
        load: (from) =>
          loadConfig({
            ...{ paths: from, defaultPathMayBeAbsent: false, env: {}, hostName: 'pi-test' },
            settings: ['device.id=pi-test'],
          }),
      },
      kept,
    );
  };
  /** What runs: the seconds that the files say, and why. */
  const told = (outcome: BootOutcome): unknown =>
    outcome.kind === 'ready'
      ? [outcome.running.loaded.config.results.timeoutSeconds, outcome.because, outcome.kept.trial?.bound]
      : outcome.kind;
  const kept = async (): Promise<KeptState> => {
    const first = await start({});
    assert.equal(first.kind, 'ready');
    return first.kept;
  };

  it('takes nothing where the files are bad at the first start', async () => {
    await writeFile(join(root, 'config', 'fleet.json'), '{');
    assert.equal(told(await start({})), 'rejected');
  });

  it('goes on without the last good files, and says so, where they cannot be laid out', async () => {
    const state = await kept();
    await say(6);
    await writeFile(join(root, 'file'), '');
    assert.deepEqual(told(await start(state, join(root, 'file'))), [6, 'files', undefined]);
    assert.deepEqual(log.summary(), ['warn storage.failing']);
  });

  const spoilt: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['cut', () => writeFile(join(root, 'config', 'fleet.json'), '{"res')],
    ['gone', () => rm(join(root, 'config', 'fleet.json'))],
    ['gone with their folder', () => rm(join(root, 'config'), { recursive: true })],
    ['wrong', () => say(-1)],
  ];
  for (const [what, spoil] of spoilt) {
    it(`takes the last good files where the files are ${what}`, async () => {
      const state = await kept();
      await spoil();
      assert.deepEqual(told(await start(state)), [5, 'badFiles', undefined]);
    });
  }

  it('takes the last good files where others came without another id, but what is local at once', async () => {
    await writeFile(join(root, 'config', 'generation'), 'one\n');
    const state = await kept();
    await writeFile(join(root, 'config', 'local.json'), '{"results": {"timeoutSeconds": 7}}');
    assert.deepEqual(told(await start(state)), [7, 'files', undefined]);
    await say(6);
    assert.deepEqual(told(await start(state)), [5, 'unfinished', undefined]);
    await writeFile(join(root, 'config', 'generation'), 'two\n');
    assert.deepEqual(told(await start(state)), [7, 'files', undefined]);
  });

  it('gives another broker that came meanwhile all the time there is', async () => {
    const state = await kept();
    await say(6, { mqtt: { url: 'mqtt://other' } });
    assert.deepEqual(told(await start(state)), [6, 'files', 'unbounded']);
  });

  it('goes on with a probation, a start nearer to its end, and then goes back for good', async () => {
    const state = await kept();
    await say(6, { mqtt: { url: 'mqtt://other' }, config: { probationSeconds: 25 } });
    const other = await start(state);
    assert.equal(other.kind, 'ready');
    let next: KeptState = {
      ...state,
      trial: { hash: other.running.tree.hash, spentMs: 0, bound: 'bounded' },
    };
    const seen: unknown[] = [];
    for (let starts = 1; starts <= 4; starts += 1) {
      const outcome = await start(next);
      assert.equal(outcome.kind, 'ready');
      next = outcome.kept;
      seen.push(told(outcome));
    }
    assert.deepEqual(seen, [
      [6, 'files', 'bounded'],
      [6, 'files', 'bounded'],
      [5, 'probationOver', undefined],
      [5, 'rolledBefore', undefined],
    ]);
    await say(8);
    assert.deepEqual(told(await start(next)), [8, 'files', undefined]);
  });
});
