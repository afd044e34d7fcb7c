// A keeper over real files and a daemon that only says what it was told: what follows a change, a trial, a disk that refuses.
import assert from 'node:assert/strict';
import { chmod, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boot } from '../../src/config/live/boot.ts';
import type { LoadPaths } from '../../src/config/live/candidate.ts';
import type { Keeper } from '../../src/config/live/keeper-parts.ts';
import { createKeeper } from '../../src/config/live/keeper.ts';
import { createStateStore, type StateStore } from '../../src/config/live/kept-state.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { mayHoldOutbox } from '../../src/outbox/outbox-place.ts';
import { folderOwner } from '../../src/support/folder-owner.ts';
import { Arrivals } from '../helpers/arrivals.ts';
import { createRecordingLog } from '../helpers/recording-log.ts';
import { Scope } from '../helpers/scope.ts';

const OTHER = { mqtt: { url: 'mqtt://other' } };

describe('createKeeper()', () => {
  const scope = new Scope();
  let root = '';
  let folder = '';
  let store: StateStore;
  let keeper: Keeper;
  let online = true;
  let applied: Arrivals<Config>;
  /** What the status told, each time. */
  let told: Arrivals<Keeper['now'] extends () => infer Now ? Now : never>;
  beforeEach(async () => {
    root = await scope.folder();
    folder = join(root, 'config');
    await mkdir(folder, { mode: 0o755 });
    await say(5);
    online = true;
    applied = new Arrivals();
    told = new Arrivals();
  });
  afterEach(() => scope.end());

  const put = (name: string, text: string): Promise<void> =>
    writeFile(join(folder, name), text, { mode: 0o644 });
  const say = (seconds: number, more: object = {}): Promise<void> =>
    put('fleet.json', JSON.stringify({ results: { timeoutSeconds: seconds }, ...more }));
  const follow = async (rescanMs = 60_000): Promise<void> => {
    const [clock, log, paths] = [createSystemClock(), createRecordingLog(), [folder]];
    const load: LoadPaths = (from, files) =>
      loadConfig({
        ...{ paths: from, defaultPathMayBeAbsent: false, env: {}, hostName: 'pi-test' },
        settings: ['device.id=pi-test'],
        ...(files === undefined
          ? { trust: { userId: process.getuid?.() ?? 0, untrusted: 'refuse', folderOwner } }
          : { files }),
      });
    store = createStateStore(join(root, 'state'), paths);
    const deps = { clock, log, paths, load, store, reachable: mayHoldOutbox };
    const booted = await boot({ ...deps, quietMs: 20 }, {});
    assert.equal(booted.kind, 'ready');
    const times = { quietMs: 60, askedQuietMs: 20, rescanMs };
    keeper = createKeeper({ ...deps, times }, booted);
    const over = new AbortController();
    const daemon = {
      apply: (config: Config): void => {
        applied.add(config);
      },
      online: () => online,
      stateChanged: () => {
        told.add(keeper.now());
      },
    };
    const running = keeper.run(daemon, over.signal);
    scope.defer(() => {
      over.abort();
      return running;
    });
  };
  const seconds = (wanted: number): Promise<Config> =>
    applied.nth(1, (config) => config.results.timeoutSeconds === wanted);
  const state = (wanted: string, why = /^/): Promise<unknown> =>
    told.nth(1, (now) => now.state === wanted && why.test(String(now.errors)));

  it('takes a connection for what it proves, though a filter has changed since the link was opened', async () => {
    await follow();
    await say(6, OTHER);
    const first = await seconds(6);
    online = false;
    await say(7, OTHER);
    await seconds(7);
    keeper.reached(first);
    await told.nth(1, ({ state: it }) => it === 'applied');
    await say(8, OTHER);
    await seconds(8);
    const { state: kept } = await store.read();
    assert.equal(kept.trial, undefined);
  });

  it('takes no connection of the way before for a proof', async () => {
    await follow();
    const before = keeper.config();
    await say(6, OTHER);
    await seconds(6);
    keeper.reached(before);
    await say(7, OTHER);
    await seconds(7);
    assert.notEqual((await store.read()).state.trial, undefined);
  });

  it('follows two changes of the broker in quick succession, and a local file in between', async () => {
    await follow();
    await say(6, OTHER);
    await seconds(6);
    online = false;
    await put('local.json', '{"log": {"level": "warn"}}');
    await applied.nth(1, ({ log }) => log.level === 'warn');
    await say(7, { mqtt: { url: 'mqtt://third' } });
    const { mqtt, log } = await seconds(7);
    assert.deepEqual([mqtt.url, log.level], ['mqtt://third', 'warn']);
    const { trial, good } = (await store.read()).state;
    assert.equal(trial?.side, 'new');
    assert.match(Buffer.from(good?.files[0]?.bytes ?? []).toString(), /:5/);
  });

  it('goes on where the files say again what was good', async () => {
    await follow();
    await say(6, OTHER);
    await seconds(6);
    await say(9);
    await seconds(9);
    const { trial, bad } = (await store.read()).state;
    assert.deepEqual([trial, bad], [undefined, undefined]);
  });

  it('follows a local file beside a tree that has an id and was touched', async () => {
    await put('generation', 'one\n');
    await follow();
    await utimes(join(folder, 'fleet.json'), 1, 1);
    await put('local.json', '{"results": {"timeoutSeconds": 7}}');
    await seconds(7);
  });

  it('says in the end that a delivery without its id does not go on, and takes it with its id', async () => {
    await put('generation', 'one\n');
    await follow(300);
    await say(6);
    await state('rejected', /generation is still one/);
    assert.equal(applied.all.length, 0);
    await put('generation', 'two\n');
    await seconds(6);
    await state('applied');
  });

  it('says that an id came before its files, and does not call them applied', async () => {
    await put('generation', 'one\n');
    await follow(300);
    await put('generation', 'two\n');
    await told.nth(1, ({ generation, state: it }) => generation === 'two' && it === 'applied');
    await say(6);
    await state('rejected', /generation is still two/);
    assert.equal(applied.all.length, 0);
  });

  it('refuses an outbox that the next start could not open, and goes on', async () => {
    await follow();
    await say(6, { outbox: { directory: '/dev/null/outbox' } });
    await state('rejected', /outbox\.directory/);
    await say(6, { outbox: { directory: '/etc' } });
    await state('rejected', /outbox\.directory .*it is no private folder \(755\) and holds /);
    const { good } = (await store.read()).state;
    assert.match(Buffer.from(good?.files[0]?.bytes ?? []).toString(), /:5/);
  });

  const unreadable: readonly (readonly [string, () => Promise<unknown>, RegExp])[] = [
    ['a file that its group may write', () => chmod(join(folder, 'fleet.json'), 0o664), /chmod go-w/],
    ['a folder that everybody may write', () => chmod(folder, 0o777), /chmod go-w/],
    ['a file that is a link out of the folder', () => linkTo('/etc/hostname'), /links to files inside/],
    ['a file that is a device', () => linkTo('/dev/zero'), /links to files inside/],
    ['a file that is too large', () => put('fleet.json', ' '.repeat(300_000)), /262144/],
    ['a file that is empty', () => put('fleet.json', ''), /it is empty and was not before/],
  ];
  const linkTo = async (target: string): Promise<void> => {
    await rm(join(folder, 'fleet.json'));
    await symlink(target, join(folder, 'fleet.json'));
  };
  for (const [what, spoil, why] of unreadable) {
    it(`goes on over ${what}, and says what to do`, async () => {
      await follow();
      await spoil();
      await state('rejected', why);
      assert.equal(applied.all.length, 0);
    });
  }

  it('follows a folder that was removed and made again, time after time', async () => {
    await follow();
    for (let n = 6; n <= 10; n += 1) {
      await rm(folder, { recursive: true });
      await mkdir(folder, { mode: 0o755 });
      await say(n);
      await seconds(n);
      await say(n + 100); // the watch of the new folder, not the re-scan
      await seconds(n + 100);
    }
  });

  it('follows by looking now and then where the kernel gives no watch', async () => {
    // A link through a folder of links is one: what it leads to is not in a folder that is watched.
    const other = join(root, 'other');
    await mkdir(join(folder, '.data'), { mode: 0o755 });
    await rename(join(folder, 'fleet.json'), join(folder, '.data', 'fleet.json'));
    await symlink('.data/fleet.json', join(folder, 'fleet.json'));
    await follow(200);
    await writeFile(other, '{"results": {"timeoutSeconds": 6}}', { mode: 0o644 });
    await rename(other, join(folder, '.data', 'fleet.json'));
    await seconds(6);
  });

  it('answers a hundred requests to read with a few lines', async () => {
    await follow();
    for (let n = 0; n < 100; n += 1) keeper.readNow();
    await state('applied');
    await say(6);
    keeper.readNow();
    await seconds(6);
    assert.ok(told.all.length < 6, String(told.all.length));
  });

  it('applies without a disk that keeps, and with it as soon as it does', async () => {
    await writeFile(join(root, 'state'), ''); // in place of the folder
    await follow();
    await say(6, OTHER);
    await seconds(6);
    await rm(join(root, 'state'));
    await say(7, OTHER);
    await seconds(7);
    assert.equal((await store.read()).state.trial?.side, 'new');
  });
});
