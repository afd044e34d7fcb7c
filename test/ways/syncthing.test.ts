// A tree by two Syncthing on loopback, the device's one receive only; neither speaks to anybody else. In the long run only.
import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startChild } from '../helpers/child.ts';
import { freePort } from '../helpers/free-port.ts';
import { Scope } from '../helpers/scope.ts';
import { filesBelow, put, shWell, startDevice, treeOf, type Device } from './device.ts';

interface Peer {
  readonly home: string;
  readonly id: string;
  readonly port: number;
}

(process.env['SHUTTERD_TEST_LONG'] === '1' ? describe : () => undefined)('a tree by Syncthing', function () {
  this.timeout(120_000);
  const scope = new Scope();
  let device: Device;
  let operator = '';
  beforeEach(async () => {
    [device, operator] = [await startDevice(scope), await scope.folder()];
    const [here, there] = [await makePeer(), await makePeer()];
    await mkdir(join(operator, 'fleet'));
    await put(device.folder, { '.stignore': '/local.*\n/private\n' });
    await start(here, { type: 'sendonly', path: join(operator, 'fleet'), other: there });
    await start(there, { type: 'receiveonly', path: device.folder, other: here });
  });
  afterEach(() => scope.end());

  async function makePeer(): Promise<Peer> {
    const home = await scope.folder();
    const env = { STNODEFAULTFOLDER: '1' };
    await shWell(scope, `syncthing generate --home=${home} --skip-port-probing`, { cwd: home, env });
    const id = (await shWell(scope, `syncthing --home=${home} --device-id`, { cwd: home })).trim();
    return { home, id, port: await freePort() };
  }

  async function start(
    peer: Peer,
    { type, path, other }: { readonly type: string; readonly path: string; readonly other: Peer },
  ): Promise<void> {
    await writeFile(join(peer.home, 'config.xml'), configOf(peer, { type, path, other }));
    await mkdir(join(path, '.stfolder'), { recursive: true });
    const args = [`--home=${peer.home}`, '--no-browser', '--no-restart', '--no-upgrade', '--logfile=-'];
    const env = { PATH: process.env['PATH'] ?? '', HOME: peer.home, STNORESTART: '1' };
    const child = startChild(scope, { file: 'syncthing', args: ['serve', ...args], cwd: peer.home, env });
    await child.lines.nth(1, (line) => line.includes('Ready to synchronize'));
  }

  it('arrives beside a local file that stays and is not sent back, and is read with its id', async () => {
    await put(join(operator, 'fleet'), treeOf(1));
    await device.runs(1);
    await put(join(operator, 'fleet'), { generation: 'two\n', ...treeOf(2), 'groups/old.yaml': '{}' });
    const { generation } = await device.runs(2);
    assert.equal(generation, 'two');
    assert.ok((await filesBelow(device.folder)).includes('local.json'));
    assert.deepEqual(
      (await readdir(join(operator, 'fleet'))).filter((name) => name.startsWith('local')),
      [],
    );
  });
});

function configOf(
  { id, port }: Peer,
  { type, path, other }: { readonly type: string; readonly path: string; readonly other: Peer },
): string {
  const devices = [id, other.id].map((each) => `<device id="${each}" />`).join('');
  const off = [
    ...[
      'globalAnnounceEnabled',
      'localAnnounceEnabled',
      'relaysEnabled',
      'natEnabled',
      'crashReportingEnabled',
    ],
    ...['startBrowser', 'announceLANAddresses'],
  ].map((name) => `<${name}>false</${name}>`);
  return `<configuration version="36">
  <folder id="fleet" label="fleet" path="${path}" type="${type}" rescanIntervalS="2" fsWatcherEnabled="true"
    fsWatcherDelayS="1" ignorePerms="false">${devices}</folder>
  <device id="${id}" name="me"><address>tcp://127.0.0.1:${port}</address></device>
  <device id="${other.id}" name="other"><address>tcp://127.0.0.1:${other.port}</address></device>
  <gui enabled="false"></gui>
  <options>
    <listenAddress>tcp://127.0.0.1:${port}</listenAddress>
    ${off.join('\n    ')}
    <reconnectionIntervalS>2</reconnectionIntervalS>
    <urAccepted>-1</urAccepted>
    <autoUpgradeIntervalH>0</autoUpgradeIntervalH>
  </options>
</configuration>
`;
}
