// A tree by the playbook that is shipped, run for real over a local connection. In the long run only: ansible-core is large.
import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Ran } from '../helpers/child.ts';
import { Scope } from '../helpers/scope.ts';
import { filesBelow, put, sh, shWell, startDevice, treeOf, type Device } from './device.ts';

const PLAYBOOK = resolve('docs/ansible/cameras.yml');

(process.env['SHUTTERD_TEST_LONG'] === '1' ? describe : () => undefined)('a tree by Ansible', function () {
  this.timeout(300_000);
  const scope = new Scope();
  let device: Device;
  let operator = '';
  beforeEach(async () => {
    [device, operator] = [await startDevice(scope), await scope.folder()];
    const python = (await shWell(scope, 'command -v python3', { cwd: operator })).trim();
    const host = `camera-1 ansible_connection=local ansible_python_interpreter=${python}`;
    await writeFile(join(operator, 'inventory.ini'), `[cameras]\n${host}\n`);
    await mkdir(join(operator, 'bin'));
    const program = `#!/bin/sh\nexec "${process.execPath}" "${resolve('dist/src/main.js')}" "$@"\n`;
    await writeFile(join(operator, 'bin/shutterd'), program, { mode: 0o755 });
    await shWell(scope, 'git init -q .', { cwd: operator });
  });
  afterEach(() => scope.end());

  const commit = (): Promise<string> =>
    shWell(scope, 'git add -A fleet && git commit -qm x', { cwd: operator });
  const play = (): Promise<Ran> => {
    const { uid, gid } = userInfo();
    const vars = {
      tree: join(operator, 'fleet'),
      folder: device.folder,
      owner: String(uid),
      group: String(gid),
    };
    const said = JSON.stringify({ ...vars, ansible_become: false });
    const line = `ansible-playbook -i inventory.ini -e '${said}' ${PLAYBOOK}`;
    const env = { LC_ALL: 'C.UTF-8', ANSIBLE_NOCOWS: '1' };
    return sh(scope, line, { cwd: operator, programs: join(operator, 'bin'), env });
  };
  const plays = async (): Promise<string> => {
    const ran = await play();
    assert.equal(ran.code, 0, ran.out + ran.err);
    return ran.out;
  };

  it('arrives whole with its commit as the id, changes nothing twice, and takes away what is gone', async () => {
    await put(join(operator, 'fleet'), { ...treeOf(1), 'groups/old.yaml': '{}\n' });
    await put(device.folder, { 'private/aws.json': '{}' });
    await commit();
    await plays();
    await device.runs(1); // where there was no id before, the quiet period may be first
    const id = (await shWell(scope, 'git rev-parse HEAD', { cwd: operator })).trim();
    await device.daemon.lines.nth(1, ({ generation }) => generation === id);
    assert.match(await plays(), /changed=0 /);
    await rm(join(operator, 'fleet/groups/old.yaml'));
    await put(join(operator, 'fleet'), treeOf(2));
    await commit();
    await plays();
    await device.runs(2);
    assert.deepEqual(await filesBelow(device.folder), [
      ...['devices/pi-test.json', 'fleet.yaml', 'generation', 'groups/yard.yaml', 'local.json'],
      'private/aws.json',
    ]);
  });

  it('that is bad reaches no camera', async () => {
    await put(join(operator, 'fleet'), {
      ...treeOf(1),
      'groups/yard.yaml': 'results: { timeoutSeconds: none }\n',
    });
    await commit();
    const { code, out, err } = await play();
    assert.notEqual(code, 0);
    assert.match(out + err, /results\.timeoutSeconds/);
    assert.deepEqual(await filesBelow(device.folder), ['local.json']);
  });
});
