// A tree by rsync over ssh, with the lines of docs/fleet.md: delivered whole, cut off, delivered bad, followed by its id.
import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { watchFolders } from '../../src/support/watch-files.ts';
import { Arrivals } from '../helpers/arrivals.ts';
import { startChild } from '../helpers/child.ts';
import { Scope } from '../helpers/scope.ts';
import { filesBelow, pageLines, put, shWell, startDevice, treeOf, type Device } from './device.ts';
import { startSshServer } from './ssh-server.ts';

describe('a tree by rsync over ssh', function () {
  this.timeout(60_000);
  const scope = new Scope();
  let device: Device;
  let server: Awaited<ReturnType<typeof startSshServer>>;
  let operator = '';
  beforeEach(async () => {
    [device, server, operator] = [
      await startDevice(scope),
      await startSshServer(scope),
      await scope.folder(),
    ];
  });
  afterEach(() => scope.end());

  /** The page's line for this host and folder, with `more` options. */
  const line = (more = ''): string => {
    const [said = ''] = pageLines(/^\*\*rsync over ssh/m);
    assert.match(said, /^rsync .* root@camera:\/etc\/shutterd\/$/);
    return here(said).replace('rsync ', `rsync ${more} `);
  };
  const here = (text: string): string =>
    text.replaceAll('root@camera', `${server.user}@camera`).replaceAll('/etc/shutterd', device.folder);
  const rsync = (more?: string): Promise<string> =>
    shWell(scope, line(more), { cwd: operator, programs: server.programs });

  it('arrives whole, is followed, and takes away what is gone but not what is local', async () => {
    await put(join(operator, 'fleet'), { ...treeOf(1), 'groups/old.yaml': '{}' });
    await put(device.folder, { 'private/client.key': 'of this device alone' });
    await rsync();
    await device.runs(1);
    await rm(join(operator, 'fleet/groups/old.yaml'));
    await put(join(operator, 'fleet'), { 'fleet.yaml': 'mqqt: {}\n' });
    await rsync();
    const { problems } = await device.daemon.waitFor('config.rejected');
    assert.match(String(problems), /mqqt.*mqtt/);
    assert.deepEqual(await filesBelow(device.folder), [
      ...['devices/pi-test.json', 'fleet.yaml', 'groups/yard.yaml', 'local.json', 'private/client.key'],
    ]);
  });

  it('is read with its id only, which the page writes last', async () => {
    await put(join(operator, 'fleet'), treeOf(1));
    await shWell(scope, 'git init -q . && git add -A && git commit -qm 1', { cwd: operator });
    const [id = ''] = pageLines(/With rsync the id goes last/);
    const sendId = (): Promise<string> =>
      shWell(scope, here(id), { cwd: operator, programs: server.programs });
    await rsync('--exclude=generation');
    await sendId();
    const { generation } = await device.runs(1);
    assert.equal(generation, (await shWell(scope, 'git rev-parse HEAD', { cwd: operator })).trim());
    await put(join(operator, 'fleet'), treeOf(2));
    await shWell(scope, 'git commit -qam 2', { cwd: operator });
    await rsync('--exclude=generation');
    device.daemon.signal('SIGHUP');
    const { problems } = await device.daemon.waitFor('config.rejected');
    assert.match(String(problems), /the file generation is still/);
    await sendId();
    await device.runs(2);
  });

  it('cut off by kill -9 changes nothing, and the next one is whole', async () => {
    await put(join(operator, 'fleet'), treeOf(1));
    await rsync();
    await device.runs(1);
    const long = `# ${'0123456789abcdef'.repeat(12_000)}\n`;
    const next = Object.entries(treeOf(2)).map(([name, text]) => [
      name,
      name.endsWith('.json') ? text : text + long,
    ]);
    await put(join(operator, 'fleet'), Object.fromEntries(next) as Record<string, string>);
    const arrived = new Arrivals<true>();
    const watch = watchFolders(() => {
      arrived.add(true);
    });
    scope.defer(() => {
      watch.close();
    });
    watch.set(
      new Map([
        [device.folder, ''],
        [join(device.folder, 'groups'), ''],
      ]),
    );
    const before = await readFile(join(device.folder, 'fleet.yaml'));
    const sender = startChild(scope, {
      ...{ file: 'sh', args: ['-c', `exec ${line('--no-compress --bwlimit=40')}`], cwd: operator },
      env: { PATH: `${server.programs}:${process.env['PATH'] ?? ''}`, HOME: operator },
    });
    await arrived.nth(1); // its first bytes are in a hidden file
    sender.signal('SIGKILL');
    await sender.ended;
    device.daemon.signal('SIGHUP');
    const line2 = await device.daemon.lines.nth(
      1,
      ({ event, changed }) => event === 'config.applied' && Array.isArray(changed) && changed.length === 0,
    );
    assert.equal(line2['state'], 'applied');
    assert.deepEqual(await readFile(join(device.folder, 'fleet.yaml')), before);
    await rsync();
    await device.runs(2);
  });
});
