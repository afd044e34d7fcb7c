// The recipe against what it has to agree with: the package's version, the topics of the daemon, and itself.
import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChild } from '../../helpers/child.ts';
import { Scope } from '../../helpers/scope.ts';
import { repositoryRoot } from '../../house/repository-root.ts';
import { packageVersion, PROGRAM, readRecipe, type Recipe } from './component.ts';

describe('The Greengrass recipe', () => {
  const scope = new Scope();
  let recipe: Recipe;
  let version = '';
  before(async () => {
    recipe = await readRecipe();
    version = await packageVersion();
  });
  afterEach(() => scope.end());

  it('is the only one, and has the version of the package in its name, its text and its artifacts', async () => {
    const files = await readdir(join(repositoryRoot(), 'cloud/greengrass'));
    assert.deepEqual(
      files.filter((name) => name.endsWith('.json')),
      [`${recipe.ComponentName}-${version}.json`],
    );
    assert.equal(recipe.ComponentVersion, version);
    assert.deepEqual(
      recipe.Manifests.flatMap(({ Artifacts }) => Artifacts.map(({ URI }) => URI)),
      ['arm64', 'amd64'].map((cpu) => `s3://BUCKET/${recipe.ComponentName}/${version}/shutterd-${cpu}.zip`),
    );
  });

  it('allows exactly the topics of the daemon that it configures', async () => {
    const { accessControl, shutterd } = recipe.ComponentConfiguration.DefaultConfiguration;
    const folder = await scope.folder();
    const configFolder = join(folder, 'config');
    await mkdir(configFolder, { mode: 0o755 });
    await writeFile(join(configFolder, 'fleet.json'), JSON.stringify(shutterd), { mode: 0o600 });
    const { code, out, err } = await runChild(scope, {
      file: process.execPath,
      args: [join(PROGRAM, 'main.js'), 'policy', '--greengrass', '--config', configFolder],
      env: { HOME: folder, PATH: process.env['PATH'] ?? '' },
    });
    assert.deepEqual([code, err], [0, '']);
    assert.deepEqual(JSON.parse(out), { accessControl });
  });

  it('does the same on both CPUs', () => {
    const [arm, amd] = recipe.Manifests;
    assert.deepEqual(arm?.Platform, { os: 'linux', architecture: 'aarch64' });
    assert.deepEqual(amd?.Platform, { os: 'linux', architecture: 'amd64' });
    const asArm = JSON.stringify(amd).replaceAll('shutterd-amd64', 'shutterd-arm64');
    assert.deepEqual({ ...(JSON.parse(asArm) as object), ...namesOf(arm) }, arm);
  });
});

/** What may differ. */
function namesOf(manifest: object | undefined): object {
  const { Name, Platform } = manifest as { Name?: string; Platform?: object };
  return { Name, Platform };
}
