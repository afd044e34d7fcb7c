// Looks at files that change: each change is seen, what is no layer is not, and what is kept comes back byte for byte.
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createStateStore } from '../../src/config/live/kept-state.ts';
import { filesOf, takeTree, treeOfFiles } from '../../src/config/live/kept-tree.ts';
import { beginTrial } from '../../src/config/live/trial.ts';
import { scanTree } from '../../src/config/live/scan.ts';
import { watchFolders } from '../../src/support/watch-files.ts';
import { Arrivals } from '../helpers/arrivals.ts';
import { Scope } from '../helpers/scope.ts';

describe('scanTree()', () => {
  const scope = new Scope();
  let folder = '';
  beforeEach(async () => {
    folder = await scope.folder();
    await mkdir(join(folder, 'groups'));
    await writeFile(join(folder, 'fleet.yaml'), 'a: 1\n');
  });
  afterEach(() => scope.end());

  const path = (name: string): string => join(folder, name);
  const seen: readonly (readonly [string, () => Promise<unknown>])[] = [
    [
      'a file in a folder that was not there',
      () =>
        mkdir(path('next/groups'), { recursive: true }).then(() => writeFile(path('next/groups/a.yaml'), '')),
    ],
    ['a file written in place with as many bytes', () => writeFile(path('fleet.yaml'), 'a: 22')],
    [
      'a file replaced',
      () => writeFile(path('.new'), 'a: 1\n').then(() => rename(path('.new'), path('fleet.yaml'))),
    ],
    ['a file removed', () => rm(path('fleet.yaml'))],
    ['permissions of a file', () => chmod(path('fleet.yaml'), 0o666)],
    ['permissions of a folder', () => chmod(path('groups'), 0o777)],
    ['an id', () => writeFile(path('generation'), '7\n')],
  ];
  for (const [what, change] of seen) {
    it(`sees ${what}`, async () => {
      const before = await scanTree([folder]);
      await change();
      assert.notEqual((await scanTree([folder])).identity, before.identity);
    });
  }

  it('sees nothing in temporary files, in git and in other files', async () => {
    const before = await scanTree([folder]);
    await writeFile(path('.fleet.yaml.Ab3xYz'), 'half');
    await mkdir(path('.git'));
    await writeFile(path('README.md'), 'words');
    assert.equal((await scanTree([folder])).identity, before.identity);
  });

  it('tells a local file from a delivery', async () => {
    const before = await scanTree([folder]);
    await writeFile(path('local.yaml'), 'a: 1\n');
    const after = await scanTree([folder]);
    assert.deepEqual(
      [after.identity === before.identity, after.delivered === before.delivered],
      [false, true],
    );
  });

  it('sees a link led elsewhere, and watches the folder that holds it', async () => {
    const [holder, other] = [await scope.folder(), await scope.folder()];
    const link = join(holder, 'config');
    await symlink(folder, link);
    const before = await scanTree([link]);
    assert.ok(before.folders.has(holder));
    await symlink(other, `${link}.new`);
    await rename(`${link}.new`, link);
    assert.notEqual((await scanTree([link])).identity, before.identity);
  });

  for (const [text, id] of [
    ['2031-05-06 a\n', '2031-05-06 a'],
    ['\n', undefined],
    ['a\u0007b', undefined],
    ['x'.repeat(128), 'x'.repeat(128)],
    ['x'.repeat(129), undefined],
  ] as const) {
    it(`takes ${JSON.stringify(text.slice(0, 14))} (${text.length}) for ${id === undefined ? 'no id' : 'an id'}`, async () => {
      await writeFile(path('generation'), text);
      assert.equal((await scanTree([folder])).generation, id);
    });
  }
});

describe('watchFolders()', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  it('hears of a folder that was made anew and has the inode of the one before', async () => {
    const folder = join(await scope.folder(), 'config');
    await mkdir(folder);
    const heard = new Arrivals<true>();
    const watch = watchFolders(() => {
      heard.add(true);
    });
    scope.defer(() => {
      watch.close();
    });
    const identity = new Map([[folder, 'device and inode']]);
    watch.set(identity);
    await rm(folder, { recursive: true });
    await mkdir(folder);
    await heard.nth(1);
    watch.set(identity);
    const before = heard.all.length;
    await writeFile(join(folder, 'fleet.yaml'), '');
    await heard.nth(before + 1);
  });
});

describe('createStateStore()', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  it('gives nothing of what is damaged, says what is so, and is written anew', async () => {
    const root = await scope.folder();
    const store = createStateStore(root, ['/a']);
    assert.deepEqual(await store.read(), { state: {} });
    const good = treeOfFiles([{ source: 0, path: 'fleet.yaml', bytes: Buffer.from('a') }], 'g');
    await store.write({ good, bad: 'b' });
    const whole = await readFile(store.path, 'utf8');
    const damaged: readonly (readonly [string, string, RegExp])[] = [
      ['cut', whole.slice(0, whole.length / 2), /cut or was overwritten/],
      ['empty', '', /cut or was overwritten/],
      ['zeros', '\0'.repeat(whole.length), /cut or was overwritten/],
      ['other bytes', whole.replace('"YQ=="', '"Yg=="'), /do not have their hash/],
      ['a path out of the folder', whole.replace('fleet.yaml', '../../x.yaml'), /do not have their hash/],
      ['of a later release', whole.replace('"version":1', '"version":2'), /another release/],
      ['of none', whole.replace('"version":1,', ''), /another release/],
    ];
    for (const [what, text, why] of damaged) {
      await writeFile(store.path, text);
      const { state, damage } = await store.read();
      assert.deepEqual(state, {}, what);
      assert.match(damage ?? '', why, what);
    }
    await rm(store.path);
    await symlink(root, store.path);
    assert.match((await store.read()).damage ?? '', /no file of this service/);
    await store.write({ good });
    assert.deepEqual(await store.read(), { state: { good } });
  });

  it('gives back what was kept, and to no other configuration', async () => {
    const [root, folder] = [await scope.folder(), await scope.folder()];
    await mkdir(join(folder, 'groups'));
    await writeFile(join(folder, 'groups', 'a.yaml'), Buffer.from([0, 255, 10]));
    await writeFile(join(folder, 'local.json'), '{}');
    const good = await takeTree(
      [folder],
      [join(folder, 'groups', 'a.yaml'), join(folder, 'local.json')],
      'g1',
    );
    assert.notEqual(good, undefined);
    const state = {
      ...(good === undefined ? {} : { good }),
      trial: { ...beginTrial('h', 'none'), side: 'old' as const, spentMs: 5 },
    };
    await createStateStore(root, ['/a']).write(state);
    assert.deepEqual((await createStateStore(root, ['/a']).read()).state, state);
    assert.deepEqual((await createStateStore(root, ['/b']).read()).state, {});
    if (good === undefined) return;
    const kept = filesOf(good, ['/a']);
    assert.deepEqual(await kept.list('/a'), ['groups', 'local.json']);
    assert.deepEqual(
      await Promise.all(['/a', '/a/groups', '/a/groups/a.yaml', '/a/devices'].map((at) => kept.kind(at))),
      ['folder', 'folder', 'file', 'absent'],
    );
    const read = await kept.read('/a/groups/a.yaml', 3);
    assert.deepEqual(read.kind === 'read' && [...read.bytes], [0, 255, 10]);
    assert.equal((await kept.read('/a/groups/a.yaml', 2)).kind, 'tooLarge');
    assert.equal((await kept.read('/a/fleet.yaml', 2)).kind, 'absent');
  });
});
