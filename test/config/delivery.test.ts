// The ways to deliver a tree that docs/fleet.md tells, each by its own commands, as far as they need git and a shell only.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { loadConfig, type Loaded } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { folderOwner } from '../../src/support/folder-owner.ts';
import { runChild } from '../helpers/child.ts';
import { Scope } from '../helpers/scope.ts';

const PAGE = readFileSync(resolve('docs/fleet.md'), 'utf8');
const UNIT = readFileSync(resolve('systemd/shutterd-config.service'), 'utf8');

describe('a tree in git', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  const sh = async (cwd: string, line: string): Promise<void> => {
    const who = {
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@b',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@b',
    };
    const env = { PATH: process.env['PATH'] ?? '', HOME: cwd, EDITOR: 'true', ...who };
    const ran = await runChild(scope, { file: 'sh', args: ['-ec', `umask 022; ${line}`], cwd, env });
    assert.equal(ran.code, 0, `${line}\n${ran.err}`);
  };
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await writeFile(path, text, { mode: 0o644 }); // whatever the umask
  };
  const load = async (folder: string, hostName = 'cam-1'): Promise<Loaded> => {
    const outcome = await loadConfig({
      ...{ paths: [folder], defaultPathMayBeAbsent: false, env: {}, settings: [], hostName },
      trust: { userId: process.getuid?.() ?? 0, untrusted: 'refuse', folderOwner },
    });
    assert.equal(
      outcome.kind,
      'loaded',
      outcome.kind === 'rejected' ? outcome.problems.map(formatProblem).join() : '',
    );
    return outcome;
  };
  /** The operator's clone with a first commit, and the device's. */
  const clones = async (): Promise<{ operator: string; device: string }> => {
    const folder = await scope.folder();
    await sh(folder, 'git init -q --bare -b main origin && git clone -q origin operator 2>&1');
    const [operator, device] = [join(folder, 'operator'), join(folder, 'device')];
    await put(join(operator, '.gitignore'), 'local.*\n');
    await put(join(operator, 'fleet.yaml'), 'camera: { widthPx: 100 }\n');
    await put(join(operator, 'groups/roof.yaml'), 'log: { level: warn }\n');
    await put(join(operator, 'devices/cam-1.yaml'), 'device: { groups: [roof] }\n');
    await sh(
      operator,
      'git checkout -qB main && git add -A && git commit -qm first && git push -q -u origin main',
    );
    await sh(folder, 'git clone -q origin device');
    await put(join(device, 'local.yaml'), 'image: { maxQuality: 77 }\n');
    return { operator, device };
  };
  const pull = async (device: string): Promise<void> => {
    const script = /^ExecStart=\/bin\/sh \/opt\/shutterd\/current\/(\S+) \/etc\/shutterd$/m.exec(UNIT)?.[1];
    await sh(device, `sh ${resolve(script ?? '')} ${device}`);
  };

  it("is pulled by the unit's own command, beside a local file that stays", async () => {
    const { operator, device } = await clones();
    assert.equal((await load(device)).config.camera.widthPx, 100);
    await put(join(operator, 'fleet.yaml'), 'camera: { widthPx: 200 }\n');
    await sh(operator, 'git commit -qam second && git push -q');
    await pull(device);
    const { config, warnings } = await load(device);
    assert.deepEqual([config.camera.widthPx, config.image.maxQuality, config.log.level], [200, 77, 'warn']);
    assert.deepEqual(warnings, []);
  });

  it("goes out in steps by the page's own lines", async () => {
    const lines = /With git, .*?```sh\n(.*?)```/s.exec(PAGE)?.[1]?.trim().split('\n') ?? [];
    assert.equal(lines.length, 5);
    const [start = '', commit = '', raise = '', finish = '', abandon = ''] = lines;
    const { operator, device } = await clones();
    await sh(operator, start);
    await put(join(operator, 'next/fleet.yaml'), 'camera: { widthPx: 300 }\n');
    // The default of 100 %: for a share the page's line of fleet.yaml is in front.
    await put(join(operator, 'fleet.yaml'), '# percent: 5,\ncamera: { widthPx: 100 }\n');
    await sh(operator, commit);
    await pull(device);
    const taken = await load(device);
    assert.deepEqual(
      [taken.rollout?.tree, taken.config.camera.widthPx, taken.config.log.level],
      ['next', 300, 'warn'],
    );
    await sh(operator, raise);
    assert.match(readFileSync(join(operator, 'fleet.yaml'), 'utf8'), /percent: 25,/);
    await sh(operator, finish);
    await pull(device);
    const current = await load(device);
    assert.deepEqual(
      [current.rollout, current.config.camera.widthPx, current.config.log.level],
      [undefined, 300, 'warn'],
    );
    await sh(operator, start);
    await sh(operator, commit);
    await sh(operator, abandon);
    await pull(device);
    assert.equal((await load(device)).rollout, undefined);
  });
});
