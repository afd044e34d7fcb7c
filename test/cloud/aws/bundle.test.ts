// The package that is deployed: made as a user makes it, then run where no other module can be found.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockOf, type PackageLock } from '../../../cloud/aws/lambda-lock.ts';
import { repositoryRoot } from '../../house/repository-root.ts';
import { runChild } from '../../helpers/child.ts';
import { Scope } from '../../helpers/scope.ts';
import { jpegOf, quarters } from '../../support/jpeg-samples.ts';
import { json, startFarSide } from './far-side.ts';

const BUILD = fileURLToPath(new URL('../../../cloud/aws/build-lambda.js', import.meta.url));

describe('npm run build:lambda', () => {
  const scope = new Scope();
  afterEach(() => scope.end());
  const make = (...args: readonly string[]) =>
    runChild(scope, { file: process.execPath, args: [BUILD, '--without-decoder', ...args] });

  it('makes a package that runs on its own, with the labels that it was given', async () => {
    const folder = await scope.folder();
    const labels = join(folder, 'classes.txt');
    await writeFile(labels, 'cat\nn02110958 pug\n');
    const out = join(folder, 'package');
    const made = await make('--out', out, '--labels', labels);
    assert.equal(made.code, 0, made.err);
    assert.match(made.out, /package: \d+\.\d MB, ready for aws cloudformation package$/);
    assert.deepEqual((await readdir(out)).sort(), ['index.mjs', 'labels.txt']);
    const far = await startFarSide(scope, {
      file: join(out, 'index.mjs'),
      model: () => json([-1, 3]),
      environment: { MODEL_OUTPUT: 'logits', LABELS_FILE: 'labels.txt', LAMBDA_TASK_ROOT: out },
    });
    const jpeg = Buffer.from(await jpegOf(quarters(32, 32)));
    const outcome = await far.lambda.invoke({ image_data: jpeg.toString('base64'), request_id: 'a' });
    assert.deepEqual(outcome, { kind: 'returned', value: 'classified' });
    const [result] = far.results() as { label: string; confidence: number }[];
    assert.equal(result?.label, 'pug');
    assert.ok(Math.abs(result.confidence - 1 / (1 + Math.exp(-4))) < 1e-9);
  });

  it('does not start, and says what it lacks, where the decoder was left out and the endpoint takes tensors', async () => {
    const out = join(await scope.folder(), 'package');
    await make('--out', out);
    const far = await startFarSide(scope, {
      file: join(out, 'index.mjs'),
      environment: { MODEL_INPUT: 'tensor' },
    });
    assert.equal(await far.lambda.ready, false);
    assert.match(
      String(far.lambda.lines.all[0]?.['detail']),
      /^Cannot load sharp, .*without --without-decoder$/,
    );
  });

  it('leaves a folder alone that it did not make', async () => {
    const folder = await scope.folder();
    await writeFile(join(folder, 'diary.txt'), 'mine');
    const { code, err } = await make('--out', folder);
    assert.equal(code, 1);
    assert.match(err, /^Cannot write to .*: something else is in it/);
    assert.deepEqual(await readdir(folder), ['diary.txt']);
  });

  it('refuses labels with an empty line before it touches anything', async () => {
    const folder = await scope.folder();
    await writeFile(join(folder, 'classes.txt'), 'cat\n\npug\n');
    const { code, err } = await make(
      '--out',
      join(folder, 'package'),
      '--labels',
      join(folder, 'classes.txt'),
    );
    assert.equal(code, 1);
    assert.match(err, /^Cannot use the labels: line 2 is empty/);
    assert.deepEqual(await readdir(folder), ['classes.txt']);
  });
});

describe('lockOf()', () => {
  const lock = JSON.parse(readFileSync(join(repositoryRoot(), 'package-lock.json'), 'utf8')) as PackageLock;

  it('keeps sharp with what it needs on every platform, at the locked versions, and nothing else', () => {
    const { packages } = lockOf(lock, 'own', ['sharp']);
    const names = Object.keys(packages);
    assert.ok(names.includes('node_modules/@img/sharp-linux-arm64'));
    assert.ok(names.includes('node_modules/@img/sharp-libvips-linux-arm64'));
    assert.ok(!names.some((name) => /mqtt|convict|esbuild/.test(name)));
    for (const name of names.slice(1)) assert.equal(packages[name], lock.packages[name], name);
    assert.deepEqual(packages['']?.dependencies, { sharp: lock.packages['node_modules/sharp']?.version });
  });

  it('takes the copy that a package has for itself', () => {
    const nested: PackageLock = {
      lockfileVersion: 3,
      packages: {
        'node_modules/a': { version: '1.0.0', dependencies: { b: '^2' } },
        'node_modules/a/node_modules/b': { version: '2.0.0', dependencies: { c: '^1' } },
        'node_modules/b': { version: '1.0.0' },
        'node_modules/c': { version: '1.0.0' },
      },
    };
    assert.deepEqual(Object.keys(lockOf(nested, 'own', ['a']).packages), [
      ...['', 'node_modules/a', 'node_modules/a/node_modules/b', 'node_modules/c'],
    ]);
  });

  it('throws where something needed is not locked', () => {
    assert.throws(
      () => lockOf({ lockfileVersion: 3, packages: {} }, 'own', ['a']),
      /^Error: Cannot lock a: /,
    );
  });
});
