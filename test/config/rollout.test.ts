// Which devices take the next tree: the share itself, and the layers that follow from it.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DISK } from '../../src/config/file-source.ts';
import { readLayers, type ReadLayers } from '../../src/config/layers.ts';
import { rolloutOf, shareOf } from '../../src/config/rollout.ts';
import { schemaKeys } from '../../src/config/schema.ts';
import { Scope } from '../helpers/scope.ts';

const IDS = Array.from({ length: 10_000 }, (_, at) => `camera-${String(at)}`);

const taking = (percent: number, salt: string): ReadonlySet<string> =>
  new Set(IDS.filter((id) => rolloutOf(id, { percent, salt }).tree === 'next'));

describe('rolloutOf()', () => {
  for (const percent of [1, 5, 10, 25, 50, 75, 99]) {
    it(`gives ${String(percent)} % of 10,000 devices within 1.5 points`, () => {
      const share = (taking(percent, 'spring').size / IDS.length) * 100;
      assert.ok(Math.abs(share - percent) < 1.5, String(share));
    });
  }

  it('gives nobody at 0 and everybody at 100', () => {
    assert.equal(taking(0, '').size, 0);
    assert.equal(taking(100, '').size, IDS.length);
  });

  it('only adds devices when the percentage is raised', () => {
    let before: ReadonlySet<string> = new Set();
    for (const percent of [0, 0.5, 1, 5, 20, 50, 100]) {
      const now = taking(percent, 'spring');
      for (const id of before) assert.ok(now.has(id), id);
      before = now;
    }
  });

  it('draws anew with another salt', () => {
    const [spring, autumn] = [taking(20, 'spring'), taking(20, 'autumn')];
    const both = [...spring].filter((id) => autumn.has(id)).length;
    assert.ok(Math.abs(both / IDS.length - 0.04) < 0.01, String(both)); // as independent draws have it
  });

  it('has the share that other programs compute as well', () => {
    // printf 'spring:camera-1' | sha256sum: 32 bits of it, as hundredths.
    assert.equal(shareOf('camera-1', 'spring'), (0x11c9d040 / 2 ** 32) * 100);
  });
});

describe('readLayers() with a next tree', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  const read = async (files: Readonly<Record<string, string>>, id: string): Promise<ReadLayers> => {
    const folder = await scope.folder();
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    return readLayers({
      files: DISK,
      ...{ keys: schemaKeys(), paths: [folder], pathsMayBeAbsent: false, above: [], withLocal: true },
      defaultDeviceId: id,
    });
  };
  const widths = ({ settings }: ReadLayers): unknown[] =>
    settings.filter(({ key }) => key === 'camera.widthPx').map(({ value }) => value);
  const trees = (rollout: string): Record<string, string> => ({
    'fleet.yaml': `${rollout}\ncamera: { widthPx: 100 }\n`,
    'next/fleet.yaml': 'camera: { widthPx: 200 }\n',
  });

  it('takes the percentage from the current fleet file', async () => {
    const low = rolloutOf('camera-1', { percent: 0, salt: 's' }).sharePercent;
    for (const [percent, tree, width] of [
      [0, 'current', 100],
      [Math.floor(low), 'current', 100],
      [Math.ceil(low), 'next', 200],
      [100, 'next', 200],
    ] as const) {
      const layers = await read(trees(`rollout: { percent: ${String(percent)}, salt: s }`), 'camera-1');
      assert.deepEqual([layers.rollout?.tree, widths(layers)], [tree, [width]], String(percent));
    }
  });

  it('lets a machine leave the roll-out, or go first, by its local file', async () => {
    const files = trees('rollout: { percent: 100 }');
    const out = await read({ ...files, 'local.yaml': 'rollout: { percent: 0 }' }, 'camera-1');
    assert.deepEqual(widths(out), [100]);
    const first = await read(
      { ...trees('rollout: { percent: 0 }'), 'local.yaml': 'rollout: { percent: 100 }' },
      'camera-1',
    );
    assert.deepEqual(widths(first), [200]);
  });

  it('changes nothing where there is no next tree', async () => {
    const layers = await read({ 'fleet.yaml': 'rollout: { percent: 50 }\n' }, 'camera-1');
    assert.equal(layers.rollout, undefined);
  });

  it('stays with the current tree, and is refused, for a percentage that is none', async () => {
    const layers = await read(trees('rollout: { percent: many }'), 'camera-1');
    assert.equal(layers.rollout?.tree, 'current');
    assert.ok(layers.settings.some(({ key, value }) => key === 'rollout.percent' && value === 'many'));
  });
});
