// A tree by git, pulled by the unit's own command: with the page's hook for the id, rewritten history, files changed by hand.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Ran } from '../helpers/child.ts';
import { Scope } from '../helpers/scope.ts';
import { pageLines, put, sh, shWell, startDevice, treeOf, type Device } from './device.ts';

const SERVICE = readFileSync(resolve('systemd/shutterd-config.service'), 'utf8');

describe('a tree by git', function () {
  this.timeout(60_000);
  const scope = new Scope();
  let device: Device;
  let operator = '';
  beforeEach(async () => {
    device = await startDevice(scope);
    const folder = await scope.folder();
    await shWell(scope, 'git init -q --bare -b main origin && git clone -q origin operator 2>&1', {
      cwd: folder,
    });
    operator = join(folder, 'operator');
    await put(operator, { ...treeOf(1), '.gitignore': '/local.*\n/private/\n/generation\n' });
    await at('git checkout -qB main && git add -A && git commit -qm first && git push -q -u origin main');
    // As on a machine that was installed: its own files were there first, among them an example.
    await put(device.folder, { 'private/client.key': 'of this device alone' });
    for (const line of pageLines(/^\*\*git, pulled by the device/m).slice(0, 2)) {
      const here = line.replaceAll('sudo ', '').replace('/etc/shutterd', device.folder);
      await on(here.replace('https://git.example/cameras.git', join(folder, 'origin')));
    }
    const hook = pageLines(/With rsync the id goes last/).find((line) => line.includes('post-merge')) ?? '';
    await on(hook);
    await device.runs(1);
  });
  afterEach(() => scope.end());

  const at = (line: string): Promise<string> => shWell(scope, line, { cwd: operator });
  const on = (line: string): Promise<string> => shWell(scope, line, { cwd: device.folder });
  /** What systemd runs. */
  const pull = (): Promise<Ran> => {
    const script = /^ExecStart=\/bin\/sh \/opt\/shutterd\/current\/(\S+) \/etc\/shutterd$/m.exec(
      SERVICE,
    )?.[1];
    return sh(scope, `sh ${resolve(script ?? '')} ${device.folder}`, { cwd: '/' });
  };
  const publishTree = async (number: number): Promise<void> => {
    await put(operator, treeOf(number));
    await at(`git commit -qam ${String(number)} && git push -q`);
  };

  it('is followed with the commit as its id, beside a local file that stays', async () => {
    await publishTree(2);
    assert.deepEqual((await pull()).code, 0);
    const { generation } = await device.runs(2);
    assert.equal(generation, (await at('git rev-parse HEAD')).trim());
    assert.match(await readFile(join(device.folder, 'local.json'), 'utf8'), /"id":"pi-test"/);
    assert.match(await readFile(join(device.folder, 'private/client.key'), 'utf8'), /of this device/);
    assert.equal((await pull()).code, 0); // nothing new
  });

  it('is whole again after a pull that was killed among the files, which git alone would never touch again', async () => {
    await on('git rev-parse HEAD > generation');
    await on(
      "git config filter.cut.smudge 'kill -9 $PPID' && echo 'groups/* filter=cut' > .git/info/attributes",
    );
    await publishTree(2);
    assert.notEqual((await pull()).code, 0);
    assert.match(await on('git status --short'), /^ M /m);
    await on('git config filter.cut.smudge cat');
    const { code, err } = await sh(scope, 'git pull -q --ff-only', { cwd: device.folder });
    assert.notEqual(code, 0);
    assert.match(err, /index\.lock/);
    assert.equal((await pull()).code, 0);
    const { generation } = await device.runs(2);
    assert.equal(generation, (await at('git rev-parse HEAD')).trim());
    assert.equal(await on('git status --short'), '');
  });

  it('is whole again after power that failed before the files of a pull were on the disk', async () => {
    await publishTree(2);
    assert.equal((await pull()).code, 0);
    await device.runs(2);
    // What a journal leaves: the names, the lengths of nothing, and our word that the pull was under way.
    await on(
      'git rev-parse HEAD > .git/shutterd-aim && : > fleet.yaml && : > groups/yard.yaml && : > .git/index',
    );
    assert.equal((await pull()).code, 0);
    assert.equal(await readFile(join(device.folder, 'fleet.yaml'), 'utf8'), treeOf(2)['fleet.yaml']);
    assert.equal(await on('git status --short && ls .git | grep shutterd || true'), '');
  });

  it('is whole again where the commit itself that a pull was on its way to went with the power', async () => {
    await publishTree(2);
    const lost = (await at('git rev-parse HEAD')).trim();
    await on(`echo ${lost} > .git/shutterd-aim && : > fleet.yaml`);
    assert.equal((await pull()).code, 0);
    await device.runs(2);
    assert.equal(await on('git status --short && ls .git | grep shutterd || true'), '');
  });

  it('keeps its id up to date without a hook, once there is one, as after the way out of a refusal', async () => {
    await on('rm .git/hooks/post-merge');
    const remedy = pageLines(/A pull that is refused/)[0] ?? '';
    await shWell(scope, remedy.replace('sudo ', '').replaceAll('/etc/shutterd', device.folder), { cwd: '/' });
    await publishTree(2);
    assert.equal((await pull()).code, 0);
    const { generation } = await device.runs(2);
    assert.equal(generation, (await at('git rev-parse HEAD')).trim());
  });

  it('whose history was rewritten is refused by the unit, and the device goes on until it is told what to do', async () => {
    await put(operator, treeOf(2));
    await at('git commit -q --amend -am other && git push -q -f');
    const { code, err } = await pull();
    assert.notEqual(code, 0);
    assert.match(err, /fast-forward/);
    assert.equal(device.daemon.of('config.applied').length, 2);
    const remedy = pageLines(/A pull that is refused/)[0] ?? '';
    await shWell(scope, remedy.replace('sudo ', '').replaceAll('/etc/shutterd', device.folder), { cwd: '/' });
    await device.runs(2);
  });

  it('is not merged into a file that somebody has changed on the device', async () => {
    await writeFile(join(device.folder, 'fleet.yaml'), treeOf(7)['fleet.yaml'] ?? '');
    await publishTree(2);
    const { code, err } = await pull();
    assert.notEqual(code, 0);
    assert.match(err, /fleet\.yaml/);
    assert.equal(
      await readFile(join(device.folder, 'groups/yard.yaml'), 'utf8'),
      treeOf(1)['groups/yard.yaml'],
    );
    const remedy = pageLines(/A pull that is refused/)[0] ?? '';
    await shWell(scope, remedy.replace('sudo ', '').replaceAll('/etc/shutterd', device.folder), { cwd: '/' });
    await device.runs(2);
  });
});

describe('systemd/shutterd-config', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'units-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('names nothing that systemd does not know, and is off until somebody enables its timer', function () {
    this.timeout(30_000);
    // The page that Documentation= names is on a device only.
    for (const name of ['shutterd-config.service', 'shutterd-config.timer']) {
      writeFileSync(join(folder, name), readFileSync(resolve('systemd', name)));
    }
    const units = ['service', 'timer'].map((kind) => join(folder, `shutterd-config.${kind}`));
    execFileSync('systemd-analyze', ['verify', '--man=no', ...units], { stdio: 'pipe' });
    assert.doesNotMatch(SERVICE, /^\[Install\]/m);
    assert.match(readFileSync(units[1] ?? '', 'utf8'), /^WantedBy=timers\.target$/m);
  });
});
