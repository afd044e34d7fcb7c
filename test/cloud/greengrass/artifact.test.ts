// make-artifact.sh for both CPUs, and what a nucleus finds in the files; long, for it fetches packages and Node for each of them.
import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runChild } from '../../helpers/child.ts';
import { Scope } from '../../helpers/scope.ts';
import { repositoryRoot } from '../../house/repository-root.ts';
import { deployed, packageVersion, readRecipe } from './component.ts';

const MINUTE_MS = 60_000;
// Beside Node, which is two thirds of it; it is fetched by each device at each version.
const MEGABYTES_MAX = 65;
// Of an ELF file's header, at byte 18.
const MACHINES = [
  { arch: 'amd64', cpu: 'x64', machine: 0x3e },
  { arch: 'arm64', cpu: 'arm64', machine: 0xb7 },
];

if (process.env['SHUTTERD_TEST_LONG'] === '1') {
  describe('cloud/greengrass/make-artifact.sh', function () {
    this.timeout(20 * MINUTE_MS);
    const scope = new Scope();
    const trees = new Map<string, string>();
    let output = '';
    before(async () => {
      output = join(await scope.folder(), 'artifacts');
      const made = await runChild(scope, {
        file: 'bash',
        args: [join(repositoryRoot(), 'cloud/greengrass/make-artifact.sh'), '--output', output],
      });
      assert.equal(made.code, 0, made.err);
      for (const { arch } of MACHINES) {
        const tree = join(await scope.folder(), arch);
        await unpack(arch, tree);
        trees.set(arch, tree);
      }
    });
    after(() => scope.end());

    /** As the nucleus does: no permissions are kept, and then the owner gets those of the recipe. */
    async function unpack(arch: string, tree: string): Promise<void> {
      for (const [file, ...args] of [
        ['python3', '-m', 'zipfile', '-e', join(output, `shutterd-${arch}.zip`), tree],
        ['chmod', '-R', 'u=rwx,go=', tree],
      ]) {
        const { code, err } = await runChild(scope, { file: file ?? '', args });
        assert.equal(code, 0, err);
      }
    }

    for (const { arch, cpu, machine } of MACHINES) {
      it(`makes one file for ${arch}, of its binaries alone and without what a component does not use`, async () => {
        const tree = trees.get(arch) ?? '';
        const { size } = await stat(join(output, `shutterd-${arch}.zip`));
        assert.ok(size < MEGABYTES_MAX * 1e6, `${size} bytes`);
        const top = await readdir(tree);
        for (const name of ['component.sh', 'package.json', 'LICENSE']) assert.ok(top.includes(name), name);
        for (const name of ['scripts', 'systemd', 'bin']) assert.ok(!top.includes(name), name);
        assert.deepEqual(await readdir(join(tree, 'node_modules/aws-crt/dist/bin')), [`linux-${cpu}-glibc`]);
        const files = await readdir(tree, { recursive: true });
        const native = files.filter((name) => /(^node\/bin\/node|\.node|\.so[.\d]*)$/.test(name));
        assert.ok(native.length >= 4, native.join(' '));
        for (const name of native) {
          const header = (await readFile(join(tree, name))).subarray(0, 20);
          assert.equal(header.readUInt16LE(18), machine, name);
        }
        assert.deepEqual(
          files.filter((name) => /\.(test\.js|d\.ts|map)$|node_modules\/(typescript|mocha)$/.test(name)),
          [],
        );
      });
    }

    it('makes what installs by the recipe where there is no other Node', async () => {
      const { arch } = MACHINES.find(({ cpu }) => cpu === process.arch) ?? { arch: '' };
      const { ComponentConfiguration } = await readRecipe();
      const component = await deployed(scope, { PATH: '/usr/bin:/bin' }, (tree) => unpack(arch, tree));
      const { code, err } = await component.script(
        'install',
        ComponentConfiguration.DefaultConfiguration.shutterd,
      );
      assert.equal(code, 0, err);
      const node = join(component.tree, 'node/bin/node');
      const args = [join(component.tree, 'dist/src/main.js'), '--version'];
      const { out } = await runChild(scope, { file: node, args, env: {} });
      assert.equal(out, await packageVersion());
    });
  });
}
