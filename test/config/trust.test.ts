// Whose files are believed: owners, permissions and links, with the real file system. Run as root it tries other owners.
import assert from 'node:assert/strict';
import { chmod, chown, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig, type LoadOutcome } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import type { Trust } from '../../src/config/trust.ts';
import { folderOwner } from '../../src/support/folder-owner.ts';
import { Scope } from '../helpers/scope.ts';

const US = process.getuid?.() ?? 0;
const STRANGER = 4711;

describe('loadConfig() believes', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  const tree = async (): Promise<string> => {
    const folder = await scope.folder();
    await mkdir(join(folder, 'groups'), { mode: 0o755 });
    await write(join(folder, 'fleet.yaml'), 'device: { groups: [g] }\nlog: { level: warn }\n');
    await write(join(folder, 'groups/g.yaml'), 'camera: { widthPx: 100 }\n');
    return folder;
  };
  const write = async (path: string, text: string): Promise<void> => {
    await writeFile(path, text);
    await chmod(path, 0o644); // whatever the umask
  };
  const load = (path: string, trust: Partial<Trust> = {}): Promise<LoadOutcome> =>
    loadConfig({
      ...{ paths: [path], defaultPathMayBeAbsent: false, env: {}, settings: [], hostName: 'pi-1' },
      trust: { userId: US, untrusted: 'refuse', folderOwner, ...trust },
    });
  const problems = (outcome: LoadOutcome): readonly string[] =>
    outcome.kind === 'loaded' ? [] : outcome.problems.map(formatProblem);

  for (const [what, name, mode] of [
    ['a file that its group may write', 'fleet.yaml', 0o664],
    ['a file that everybody may write', 'groups/g.yaml', 0o646],
    ['a folder that its group may write', 'groups', 0o775],
    ['a configuration folder that everybody may write', '.', 0o777],
    ['a folder that is sticky and open to everybody', 'groups', 0o1777],
  ] as const) {
    it(`not ${what}, and gives the chmod`, async () => {
      const folder = await tree();
      const path = name === '.' ? folder : join(folder, name);
      await chmod(path, mode);
      const [problem, ...others] = problems(await load(folder));
      assert.deepEqual(others, []);
      assert.ok(problem !== undefined);
      assert.ok(problem.startsWith(`Cannot read ${path}: `), problem);
      assert.ok(problem.endsWith(`(chmod go-w ${path})`), problem);
    });
  }

  it('not a file that a link leads to outside the folder, and says nothing of its content', async () => {
    const folder = await tree();
    const secret = join(await scope.folder(), 'secret');
    await write(secret, 'root:$6$hash\n');
    await symlink(secret, join(folder, 'local.yaml'));
    const found = problems(await load(folder)).join('\n');
    assert.match(
      found,
      /^Cannot read .*local\.yaml: it is a link to .*secret, allowed is links to files inside /,
    );
    assert.doesNotMatch(found, /hash/);
  });

  for (const target of ['nowhere.yaml', 'local.yaml']) {
    it(`not a link to ${target === 'local.yaml' ? 'itself' : 'nothing'}: half a delivery is none`, async () => {
      const folder = await tree();
      await symlink(target, join(folder, 'local.yaml'));
      assert.equal((await load(folder)).kind, 'rejected');
    });
  }

  it('a tree of links inside the folder, as Kubernetes makes it, whose hidden folder counts as well', async () => {
    const folder = await scope.folder();
    await mkdir(join(folder, '..2026_01_01'), { mode: 0o755 });
    await write(join(folder, '..2026_01_01/fleet.yaml'), 'log: { level: warn }\n');
    await symlink('..2026_01_01', join(folder, '..data'));
    await symlink('..data/fleet.yaml', join(folder, 'fleet.yaml'));
    const outcome = await load(folder);
    assert.equal(outcome.kind === 'loaded' && outcome.config.log.level, 'warn');
    await chmod(join(folder, '..2026_01_01'), 0o777);
    assert.equal(problems(await load(folder)).length, 1);
  });

  it('a link to a tree, read from one place though the link moves on', async () => {
    const releases = await scope.folder();
    for (const [name, level] of [
      ['1', 'warn'],
      ['2', 'error'],
    ] as const) {
      await mkdir(join(releases, name), { mode: 0o755 });
      await write(join(releases, name, 'fleet.yaml'), `log: { level: ${level} }\n`);
    }
    await symlink('1', join(releases, 'current'));
    const first = await load(join(releases, 'current'));
    assert.deepEqual(first.kind === 'loaded' && first.files, [join(releases, '1', 'fleet.yaml')]);
    await symlink('2', join(releases, 'new'));
    await rename(join(releases, 'new'), join(releases, 'current'));
    const second = await load(join(releases, 'current'));
    assert.equal(second.kind === 'loaded' && second.config.log.level, 'error');
  });

  it('with a warning what an operator checks in a checkout that the group may write', async () => {
    const folder = await tree();
    await chmod(join(folder, 'fleet.yaml'), 0o664);
    await chmod(join(folder, 'groups'), 0o775);
    const outcome = await load(folder, { untrusted: 'warn' });
    assert.equal(outcome.kind === 'loaded' && outcome.warnings.length, 2);
  });

  it('its own, and those of the owner of the folder, of nobody else', async () => {
    const folder = await tree();
    assert.deepEqual(problems(await load(folder)), []);
    const owners: readonly [number, number, number][] =
      US === 0
        ? [
            [STRANGER, 0, 1],
            [STRANGER, STRANGER, 0],
            [0, STRANGER, 0],
            [US, US, 0],
          ]
        : [[US, US, 0]];
    for (const [ofFile, ofFolder, count] of owners) {
      await chown(join(folder, 'fleet.yaml'), ofFile, process.getgid?.() ?? 0);
      await chown(folder, ofFolder, process.getgid?.() ?? 0);
      const found = problems(await load(folder));
      assert.equal(found.length, count, found.join('\n'));
      if (count > 0) assert.match(found.join(), /its owner is user 4711, .*\(chown root \S+fleet\.yaml\)$/);
    }
  });

  it("not a stranger's file that was named by itself", async () => {
    const folder = await tree();
    const path = join(folder, 'fleet.yaml');
    // Where the test may give files away it does; elsewhere the service is somebody else.
    if (US === 0) await chown(path, STRANGER, 0);
    const service = US === 0 ? 0 : US + 1;
    assert.equal(problems(await load(path, { userId: service })).length, 1);
  });
});
