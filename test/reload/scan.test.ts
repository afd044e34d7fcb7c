// Looks at files that change: each change is seen, what is no layer is not, and what is kept comes back byte for byte.
import assert from 'node:assert/strict';
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createStateStore } from '../../src/config/live/kept-state.ts';
import { layOut, takeTree, treeOfFiles } from '../../src/config/live/kept-tree.ts';
import { scanTree } from '../../src/config/live/scan.ts';
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

describe('createStateStore()', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  it('gives nothing where nothing, damage or other bytes are kept', async () => {
    const root = await scope.folder();
    const store = createStateStore(root, ['/a']);
    assert.deepEqual(await store.read(), {});
    const good = treeOfFiles([{ source: 0, path: 'fleet.yaml', bytes: Buffer.from('a') }], 'g');
    await store.write({ good, bad: 'b' });
    const file = join(store.layoutFolder, '..', 'state.json');
    await writeFile(
      file,
      '{"version":1,"good":{"files":[{"source":0,"path":"fleet.yaml","base64":"Yg=="}],"hash":"no"}}',
    );
    assert.deepEqual(await store.read(), {});
    await writeFile(file, '\0\0');
    assert.deepEqual(await store.read(), {});
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
      trial: { hash: 'h', spentMs: 5, bound: 'bounded' as const },
    };
    await createStateStore(root, ['/a']).write(state);
    assert.deepEqual(await createStateStore(root, ['/a']).read(), state);
    assert.deepEqual(await createStateStore(root, ['/b']).read(), {});
    if (good === undefined) return;
    const [place = ''] = await layOut(good, { folder: join(root, 'layout'), sources: 1 });
    const again = await takeTree([place], [join(place, 'groups', 'a.yaml'), join(place, 'local.json')], 'g1');
    assert.equal(again?.hash, good.hash);
  });
});
