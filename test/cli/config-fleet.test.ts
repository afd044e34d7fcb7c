// `shutterd config check` for a fleet, `config explain` and `config schema`, as processes on an operator's machine.
import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createHome, runShutterd, type Home } from '../helpers/daemon.ts';
import { runChild, type Ran } from '../helpers/child.ts';
import { Scope } from '../helpers/scope.ts';

type Files = Readonly<Record<string, string>>;

describe('shutterd config', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  /** A home whose local file and environment would be refused: none of them may leak into a fleet's check. */
  const createFleet = async (files: Files): Promise<Home> => {
    const home = await createHome(scope, { 'mqtt.qos': 9 }, { SHUTTERD_NO_SUCH_KEY: '1' });
    for (const [name, text] of Object.entries(files)) await put(home, name, text);
    return home;
  };
  const put = async (home: Home, name: string, text: string): Promise<void> => {
    const path = join(home.configFolder, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await writeFile(path, text, { mode: 0o644 }); // whatever the umask
  };
  const check = (home: Home, ...args: string[]): Promise<Ran> =>
    runShutterd(scope, home, ['config', 'check', ...args]);

  const GOOD = {
    'fleet.yaml': 'log: { level: warn }\ntopics: { response: "device/{deviceId}/image/response" }\n',
    'devices/cam-1.yaml': 'device: { groups: [roof] }\n',
    'devices/cam-2.json': '{"camera": {"widthPx": 640}}\n',
    'groups/roof.yaml': 'camera: { skipFrames: 3 }\n',
  };

  for (const [args, message] of [
    [['--device', 'cam-1', '--all-devices'], /^Cannot use --device with --all-devices/],
    [['--device', 'a/b'], /^Cannot check device "a\/b": allowed is/],
  ] as const) {
    it(`check ends with 2 for ${args.join(' ')}`, async () => {
      const { code, err } = await check(await createFleet(GOOD), ...args);
      assert.equal(code, 2);
      assert.match(err, message);
    });
  }

  it('check --all-devices finds what is wrong in any file, each once, with place and devices', async () => {
    const home = await createFleet({
      ...GOOD,
      'fleet.yaml': 'log: { level: loud }\n',
      'devices/cam-1.yaml': 'device:\n  groups: [roof, cellar]\n',
      'devices/cam 3.yaml': '{}\n',
      'groups/nobodys.yaml': 'camera:\n  widthPx: 5\n',
      'next/fleet.yaml': 'mqtt:\n  urll: x\n',
    });
    const { code, out, err } = await check(home, '--all-devices');
    assert.deepEqual([code, out], [2, '']);
    const lines = err.split('\n');
    for (const expected of [
      /^Cannot use log\.level of .*\/fleet\.yaml:1:8: .*allowed is debug, info, warn or error \[cam-1, cam-2\]$/,
      /^Cannot use device\.groups of .*cellar\.yaml: .* \[cam-1\]$/,
      /^Cannot read .*devices\/cam 3: its name is none that a layer can have, allowed is 1 to 128/,
      /^Cannot use camera\.widthPx of .*groups\/nobodys\.yaml:2:3: it is 5, allowed is a whole number/,
      /^Cannot use mqtt\.urll of .*next\/fleet\.yaml:2:3: .*allowed is mqtt\.url \(the nearest name\)/,
      /^5 errors$/,
    ]) {
      assert.equal(lines.filter((line) => expected.test(line)).length, 1, `${String(expected)}\n${err}`);
    }
    assert.equal(lines.length, 6, err);
    const json = await check(home, '--all-devices', '--json');
    const said = JSON.parse(json.out) as {
      valid: boolean;
      trees: unknown;
      devices: unknown;
      problems: unknown[];
    };
    assert.deepEqual([json.code, said.valid, said.problems.length], [2, false, 5]);
    assert.deepEqual(
      [said.trees, said.devices],
      [
        ['current', 'next'],
        ['cam-1', 'cam-2'],
      ],
    );
  });

  it('check --all-devices and --device take a good tree, whatever machine they run on', async () => {
    const home = await createFleet(GOOD);
    const all = await check(home, '--all-devices');
    assert.deepEqual([all.code, all.out, all.err], [0, 'valid for 2 devices with files', '']);
    const one = await check(home, '--device', 'cam-1');
    assert.deepEqual([one.code, one.out, one.err], [0, 'valid for device cam-1', '']);
    await put(home, 'next/fleet.yaml', 'log: { level: error }\n');
    const next = await check(home, '--device', 'cam-1');
    assert.equal(next.out, 'valid for device cam-1, which takes the next tree');
  });

  it('check warns of a response topic that all devices share, for all of them and for one', async () => {
    const home = await createFleet({ ...GOOD, 'fleet.yaml': 'log: { level: warn }\n' });
    for (const args of [['--all-devices'], ['--device', 'cam-1']]) {
      const { code, err } = await check(home, ...args);
      assert.equal(code, 0);
      assert.match(
        err,
        /^topics\.response is device\/image\/response for all .* matched by order, which is a guess/,
      );
    }
  });

  it('check warns of what a device would refuse: files that the group may write, as git makes them', async () => {
    const home = await createFleet(GOOD);
    const path = join(home.configFolder, 'fleet.yaml');
    await chmod(path, 0o664);
    const { code, err } = await check(home, '--device', 'cam-1');
    assert.equal(code, 0);
    assert.ok(err.endsWith(`(chmod go-w ${path})`), err);
    await writeFile(join(home.configFolder, 'local.json'), '{}', { mode: 0o644 });
    const device = await runShutterd(scope, { ...home, env: { PATH: home.env['PATH'] ?? '' } }, [
      'config',
      'check',
    ]);
    assert.equal(device.code, 2, device.err);
    assert.match(device.err, /^Cannot read .*fleet\.yaml: its permissions 664 .*chmod go-w/);
  });

  it('check is the pre-commit hook of the page, which lets no bad commit into a repository', async () => {
    const home = await createFleet(GOOD);
    const tree = home.configFolder;
    const programs = await scope.folder();
    const main = new URL('../../src/main.js', import.meta.url).pathname;
    await writeFile(join(programs, 'shutterd'), `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`);
    await chmod(join(programs, 'shutterd'), 0o755);
    const git = (...args: string[]): Promise<Ran> =>
      runChild(scope, {
        file: 'git',
        args: ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args],
        cwd: tree,
        env: { ...process.env, PATH: `${programs}:${process.env['PATH'] ?? ''}`, TMPDIR: programs },
      });
    const page = await readFile(new URL('../../../docs/fleet.md', import.meta.url), 'utf8');
    const hook = /```sh\n(#!\/bin\/sh\n[^`]*--all-devices\n)```/.exec(page)?.[1] ?? '';
    await git('init', '-q');
    await writeFile(join(tree, '.git/hooks/pre-commit'), hook);
    await chmod(join(tree, '.git/hooks/pre-commit'), 0o755);
    await writeFile(join(tree, '.gitignore'), 'local.*\n');
    await git('add', '-A');
    const good = await git('commit', '-q', '-m', 'good');
    assert.equal(good.code, 0, good.err);

    await put(home, 'devices/cam-2.json', '{"camera": {"widthPx": "wide"}}\n');
    await git('add', '-A');
    await put(home, 'devices/cam-2.json', '{"camera": {"widthPx": 640}}\n'); // mended, and not added
    const staged = await git('commit', '-q', '-m', 'bad');
    assert.notEqual(staged.code, 0);
    assert.match(staged.err, /devices\/cam-2\.json:1:14: it is "wide"/);

    await put(home, 'devices/cam-2.json', '{"device": {"groups": ["cellar"]}}\n');
    await put(home, 'groups/cellar.yaml', '{}\n'); // forgotten
    const forgotten = await git('commit', '-qam', 'half');
    assert.notEqual(forgotten.code, 0);
    assert.match(forgotten.err, /the group cellar is named and this file is not there/);
    await git('add', '-A');
    assert.equal((await git('commit', '-q', '-m', 'whole')).code, 0);
    assert.deepEqual(await readdir(programs), ['shutterd']);
  });

  it('check --all-devices refuses a folder that holds no fleet, as a wrong path in CI is', async () => {
    const home = await createHome(scope, {});
    const folder = await scope.folder();
    const { code, err } = await runShutterd(scope, home, ['config', 'check', folder, '--all-devices']);
    assert.equal(code, 2, err);
    assert.match(
      err,
      /^Cannot read .*: it holds no file of a fleet, allowed is fleet, groups\/NAME or devices\/ID/,
    );
  });

  it('explain says who set a key, where, and over what; and names the nearest for one that is none', async () => {
    const home = await createHome(scope, {}, { SHUTTERD_LOG_LEVEL: 'error' });
    await put(home, 'fleet.yaml', '# all\nlog:\n  level: warn\n');
    const explain = (...args: string[]): Promise<Ran> =>
      runShutterd(scope, home, ['config', 'explain', ...args]);
    const { code, out } = await explain('log.level');
    const place = `${join(home.configFolder, 'fleet.yaml')}:3:3`;
    assert.equal(code, 0);
    assert.deepEqual(out.split('\n').slice(0, 3), [
      'log.level  error  (environment)',
      `  over  warn  (${place})`,
      '  over  info  (default)',
    ]);
    assert.deepEqual(JSON.parse((await explain('log.level', '--json')).out), {
      key: 'log.level',
      value: 'error',
      origins: [
        { source: 'default', value: 'info' },
        { source: place, value: 'warn' },
        { source: 'environment', value: 'error' },
      ],
    });
    const wrong = await explain('log.levle');
    assert.deepEqual([wrong.code, wrong.out], [2, '']);
    assert.equal(wrong.err, 'Cannot explain "log.levle": there is no such key, the nearest is log.level');
  });

  it('explain and show say which tree the device took', async () => {
    const home = await createHome(scope, {});
    await put(home, 'next/fleet.yaml', 'log: { level: warn }\n');
    for (const args of [
      ['config', 'explain', 'log.level'],
      ['config', 'show'],
    ]) {
      const { out } = await runShutterd(scope, home, args);
      assert.match(
        out,
        /^This device takes the next tree: its share is \d+\.\d{3}, below rollout\.percent 100\.$/m,
      );
    }
    const json = await runShutterd(scope, home, ['config', 'show', '--json']);
    assert.equal((JSON.parse(json.out) as { rollout: { tree: string } }).rollout.tree, 'next');
  });

  it('schema prints a JSON Schema, also where the configuration is bad', async () => {
    const { code, out } = await runShutterd(scope, await createFleet({}), ['config', 'schema']);
    assert.equal(code, 0);
    const schema = JSON.parse(out) as { $schema: string; properties: Record<string, unknown> };
    assert.match(schema.$schema, /draft-07/);
    assert.ok('mqtt' in schema.properties);
  });
});
