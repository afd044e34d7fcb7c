// What a start runs with, over files that are bad, gone, half there, on probation or rolled back, and a disk that keeps nothing.
import assert from 'node:assert/strict';
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boot, type BootOutcome } from '../../src/config/live/boot.ts';
import { createStateStore, type KeptState } from '../../src/config/live/kept-state.ts';
import { beginTrial } from '../../src/config/live/trial.ts';
import { loadConfig } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { mayHoldOutbox } from '../../src/outbox/outbox-place.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog } from '../helpers/recording-log.ts';
import { Scope } from '../helpers/scope.ts';

const OTHER = { mqtt: { url: 'mqtt://other' } };

describe('boot()', () => {
  const scope = new Scope();
  let root = '';
  let paths: readonly string[];
  let clock: FakeClock;
  beforeEach(async () => {
    root = await scope.folder();
    clock = createFakeClock();
    paths = [join(root, 'config')];
    await mkdir(join(root, 'config'));
    await say(5);
  });
  afterEach(() => scope.end());

  const place = (name: string): string => join(root, 'config', name);
  const say = (seconds: number, more: object = {}): Promise<void> =>
    writeFile(place('fleet.json'), JSON.stringify({ results: { timeoutSeconds: seconds }, ...more }));
  const begin = (kept: KeptState, quietMs: number, settings: readonly string[] = []): Promise<BootOutcome> =>
    boot(
      {
        ...{ clock, paths, quietMs, log: createRecordingLog(), store: createStateStore(root, paths) },
        reachable: mayHoldOutbox,
        load: (from, files) =>
          loadConfig({
            ...{ paths: from, defaultPathMayBeAbsent: false, env: {}, hostName: 'pi-test' },
            settings: ['device.id=pi-test', ...settings],
            ...(files === undefined ? {} : { files }),
          }),
      },
      kept,
    );
  /** To its end: nobody is writing. */
  const start = async (kept: KeptState, settings: readonly string[] = []): Promise<BootOutcome> => {
    const over = new AbortController();
    const booting = begin(kept, 0, settings).finally(() => {
      over.abort();
    });
    while (!over.signal.aborted) await clock.advance(1);
    return booting;
  };
  /** What runs: the seconds that the files say, why, and which side is on probation. */
  const told = (outcome: BootOutcome): unknown =>
    outcome.kind === 'ready'
      ? [outcome.running.loaded.config.results.timeoutSeconds, outcome.because, outcome.kept.trial?.side]
      : outcome.kind;
  const ready = async (kept: KeptState): Promise<KeptState> => {
    const outcome = await start(kept);
    assert.equal(outcome.kind, 'ready');
    return outcome.kept;
  };

  it('takes nothing where the files are bad at the first start', async () => {
    await writeFile(place('fleet.json'), '{');
    assert.equal(told(await start({})), 'rejected');
  });

  const spoilt: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['cut', () => writeFile(place('fleet.json'), '{"res')],
    ['cut to nothing', () => writeFile(place('fleet.json'), '')],
    ['full of zeros', () => writeFile(place('fleet.json'), Buffer.alloc(300))],
    ['gone', () => rm(place('fleet.json'))],
    ['gone with their folder', () => rm(join(root, 'config'), { recursive: true })],
    [
      'gone but for the local one',
      () => rm(place('fleet.json')).then(() => writeFile(place('local.json'), '{}')),
    ],
    [
      'a link that leads nowhere',
      () => rm(place('fleet.json')).then(() => symlink('x', place('fleet.json'))),
    ],
    ['a folder', () => rm(place('fleet.json')).then(() => mkdir(place('fleet.json')))],
    ['wrong', () => say(-1)],
    ['an outbox where nobody may write', () => say(6, { outbox: { directory: '/dev/null/outbox' } })],
    ["an outbox in somebody else's folder", () => say(6, { outbox: { directory: '/etc' } })],
  ];
  for (const [what, spoil] of spoilt) {
    it(`takes the last good files where the files are ${what}`, async () => {
      const state = await ready({});
      await spoil();
      const outcome = await start(state);
      assert.deepEqual(told(outcome), [5, 'badFiles', undefined]);
      assert.ok(outcome.kind === 'ready' && outcome.problems.length > 0);
    });
  }

  it('loads the last good files where no disk takes a byte, and names them as they were', async () => {
    const state = await ready({});
    await writeFile(place('fleet.json'), '{');
    await chmod(root, 0o500);
    const outcome = await start(state);
    await chmod(root, 0o700);
    assert.ok(outcome.kind === 'ready');
    assert.deepEqual(outcome.running.loaded.files, [place('fleet.json')]);
  });

  it('puts flags on top of the last good files, and ends where a flag is what is wrong', async () => {
    const state = await ready({});
    await writeFile(place('fleet.json'), '{');
    assert.deepEqual(told(await start(state, ['results.timeoutSeconds=9'])), [9, 'badFiles', undefined]);
    const outcome = await start(state, ['results.timeoutSeconds=0']);
    assert.ok(outcome.kind === 'rejected');
    assert.ok(outcome.problems.some((problem) => formatProblem(problem).includes('from a flag')));
  });

  it('goes on with the files where the last good ones do not load any more', async () => {
    const state = await ready({});
    const { good } = state;
    assert.ok(good !== undefined);
    const spoiltGood = { ...good, files: good.files.map((file) => ({ ...file, bytes: Buffer.from('{') })) };
    await say(6, OTHER);
    assert.deepEqual(told(await start({ good: spoiltGood })), [6, 'files', undefined]);
  });

  it('waits until files that came meanwhile are at rest, and mixes nothing', async () => {
    const state = await ready({});
    await say(6);
    const booting = begin(state, 2000);
    const waits = async (): Promise<void> => {
      while (clock.timers() === 0) await settle();
    };
    await waits();
    await say(7); // the delivery goes on
    await clock.advance(2000);
    await waits();
    await say(8);
    await clock.advance(2000);
    await waits();
    await clock.advance(2000);
    assert.deepEqual(told(await booting), [8, 'files', undefined]);
  });

  it('does not wait for files that it knows, nor at a first start', async () => {
    const outcome = await begin({}, 2000);
    assert.ok(outcome.kind === 'ready');
    assert.deepEqual(told(await begin(outcome.kept, 2000)), [5, 'files', undefined]);
  });

  it('takes the last good files where somebody writes all the time', async () => {
    const state = await ready({});
    const over = new AbortController();
    const booting = begin(state, 2000).finally(() => {
      over.abort();
    });
    for (let n = 6; !over.signal.aborted; n += 1) {
      await say(n);
      await clock.advance(1000);
    }
    assert.deepEqual(told(await booting), [5, 'badFiles', undefined]);
  });

  it('takes the last good files where others came without another id, but what is local at once', async () => {
    await writeFile(place('generation'), 'one\n');
    const state = await ready({});
    await writeFile(place('local.json'), '{"results": {"timeoutSeconds": 7}}');
    assert.deepEqual(told(await start(state)), [7, 'files', undefined]);
    await say(6);
    assert.deepEqual(told(await start(state)), [5, 'unfinished', undefined]);
    await writeFile(place('generation'), 'two\n');
    assert.deepEqual(told(await start(state)), [7, 'files', undefined]);
  });

  it('tries another broker that came meanwhile, and keeps the way back', async () => {
    const state = await ready({});
    await say(6, OTHER);
    const outcome = await start(state);
    assert.deepEqual(told(outcome), [6, 'files', 'new']);
    assert.ok(outcome.kind === 'ready');
    assert.deepEqual(outcome.kept.good, state.good);
    assert.deepEqual(outcome.kept.trial, beginTrial(outcome.running.tree.hash, 'none'));
  });

  it('tries nothing where the probation is off', async () => {
    const state = await ready({});
    await say(6, { ...OTHER, config: { probationSeconds: 0 } });
    assert.deepEqual(told(await start(state)), [6, 'files', undefined]);
  });

  it('goes on with a probation, a start nearer to its end, and then with the other side', async () => {
    const state = await ready({});
    await say(6, { ...OTHER, config: { probationSeconds: 25 } });
    let next = await ready(state);
    const seen: unknown[] = [];
    for (let starts = 1; starts <= 6; starts += 1) {
      const outcome = await start(next);
      assert.equal(outcome.kind, 'ready');
      next = outcome.kept;
      seen.push(told(outcome));
    }
    assert.deepEqual(seen, [
      ...[1, 2].map(() => [6, 'files', 'new']),
      ...[3, 4, 5].map(() => [5, 'notReached', 'old']),
      [6, 'files', 'new'],
    ]);
  });

  it('does not try again what was rolled back, until it differs', async () => {
    const state = await ready({});
    await say(6, OTHER);
    const { trial } = await ready(state);
    const rolledBack = { ...state, bad: trial?.hash ?? '' };
    assert.deepEqual(told(await start(rolledBack)), [5, 'rolledBefore', undefined]);
    await say(8);
    assert.deepEqual(told(await start(rolledBack)), [8, 'files', undefined]);
  });

  it('follows a link that was led elsewhere', async () => {
    const state = await ready({});
    await rename(join(root, 'config'), join(root, 'v1'));
    await mkdir(join(root, 'v2'));
    await symlink('v2', join(root, 'config'));
    await say(9);
    assert.deepEqual(told(await start(state)), [9, 'files', undefined]);
  });
});
