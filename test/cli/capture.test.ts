// `shutterd capture` as a process, with fswebcam's test picture.
import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readJpegStructure } from '../../src/support/jpeg-structure.ts';
import { createHome, runShutterd, type Home } from '../helpers/daemon.ts';
import { Scope } from '../helpers/scope.ts';
import { jpegOf, noise } from '../support/jpeg-samples.ts';

const CAMERA = {
  'camera.device': 'TEST',
  'camera.widthPx': 640,
  'camera.heightPx': 480,
  'camera.skipFrames': 1,
};

describe('shutterd capture', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  const nothingLeft = async (home: Home): Promise<void> =>
    assert.deepEqual(await readdir(home.temporary), []);

  it('ends with 4 and says what to do when there is no camera', async () => {
    const home = await createHome(scope, { 'camera.device': '/dev/video63' });
    const output = join(home.folder, 'picture.jpg');
    const { code, out, err } = await runShutterd(scope, home, ['capture', '-o', output]);
    assert.deepEqual([code, out], [4, '']);
    assert.match(err, /^.*\/dev\/video63.* \(noDevice\)\n.+$/);
    await assert.rejects(stat(output), { code: 'ENOENT' });
    await nothingLeft(home);
  });

  it('ends with 5 and says how small it got when the picture cannot be made to fit', async () => {
    const folder = await scope.folder();
    const path = join(folder, 'noise.jpg');
    await writeFile(path, await jpegOf(noise(640, 480)));
    const home = await createHome(scope, {
      ...{ 'camera.driver': 'file', 'camera.path': path },
      ...{ 'image.maxPayloadBytes': 8000, 'image.minWidthPx': 640, 'image.minQuality': 90 },
    });
    const output = join(folder, 'out.jpg');
    const { code, out, err } = await runShutterd(scope, home, ['capture', '-o', output]);
    assert.deepEqual([code, out], [5, '']);
    assert.match(
      err,
      /^Cannot fit the picture: the smallest try has \d+ bytes, \d+ are allowed \(image\.maxPayloadBytes\)$/,
    );
    await assert.rejects(stat(output), { code: 'ENOENT' });
    await nothingLeft(home);
  });

  it('ends with 1 where the file cannot be written, and with 2 where the configuration is bad', async () => {
    const home = await createHome(scope, CAMERA);
    const refused = await runShutterd(scope, home, ['capture', '-o', '/nowhere/picture.jpg']);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /^Cannot write \/nowhere\/picture\.jpg: ENOENT, [^\n]*$/);
    const bad = await runShutterd(scope, home, [
      'capture',
      '-o',
      join(home.folder, 'a.jpg'),
      '--set',
      'mqtt.qos=7',
    ]);
    assert.equal(bad.code, 2);
    assert.match(bad.err, /^Cannot [^\n]*mqtt\.qos[^\n]*$/);
    await nothingLeft(home);
  });

  it('writes a whole JPEG of the granted size and tells about it', async () => {
    const home = await createHome(scope, CAMERA);
    const output = join(home.folder, 'picture.jpg');
    const { code, out, err } = await runShutterd(scope, home, ['capture', '-o', output]);
    assert.deepEqual([code, err], [0, '']);
    const bytes = await readFile(output);
    const structure = readJpegStructure(bytes);
    assert.ok(structure.kind === 'complete');
    assert.deepEqual([structure.widthPx, structure.heightPx], [640, 480]);
    assert.match(out, /^ {2}size +640 x 480$/m);
    assert.match(
      out,
      new RegExp(`^ {2}bytes +${bytes.length} \\(payload \\d+, \\d+ % of the budget\\)$`, 'm'),
    );
    assert.match(out, /^ {2}capture +\d+ ms$/m);
    await nothingLeft(home);
  });

  for (const { what, settings, keys } of [
    { what: 'passed through', settings: {}, keys: [] },
    { what: 'encoded', settings: { 'image.maxWidthPx': 320 }, keys: ['quality'] },
  ]) {
    it(`prints the facts of the contract as one object, for a picture that is ${what}`, async () => {
      const home = await createHome(scope, { ...CAMERA, ...settings });
      const output = join(home.folder, 'picture.jpg');
      const { code, out } = await runShutterd(scope, home, ['capture', '--json', '-o', output]);
      assert.equal(code, 0);
      const facts = JSON.parse(out) as Record<string, number>;
      const always = [
        'width',
        'height',
        'bytes',
        'payloadBytes',
        'shareOfBudget',
        'encodes',
        'captureMs',
        'fitMs',
      ];
      assert.deepEqual(Object.keys(facts).sort(), [...always, ...keys].sort());
      assert.ok(Object.values(facts).every((value) => typeof value === 'number'));
      assert.equal(facts['bytes'], (await stat(output)).size);
      const { bytes = 0, payloadBytes = 0 } = facts;
      assert.ok(payloadBytes > bytes && payloadBytes <= 128_000);
    });
  }
});
