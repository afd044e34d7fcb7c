// The lifecycle of the component as the recipe has it: its scripts by `sh -c`, with the nucleus' variables, against a nucleus.
import assert from 'node:assert/strict';
import { access, chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Arrivals } from '../../helpers/arrivals.ts';
import { startChild, type Child } from '../../helpers/child.ts';
import type { Line } from '../../helpers/daemon.ts';
import { Scope } from '../../helpers/scope.ts';
import { repositoryRoot } from '../../house/repository-root.ts';
import { json, OUTCOME, REQUEST, STATUS, TRIGGER } from '../../system/settings.ts';
import {
  allowedBy,
  deployed,
  packageVersion,
  readRecipe,
  treeWithoutPackages,
  type Component,
  type Tree,
} from './component.ts';
import { startNucleus, type Nucleus } from './start-nucleus.ts';

// The recipe gives it 15 s, and the nucleus SIGKILL after that.
const SHUTDOWN_MS_MAX = 15_000;

describe('The Greengrass component', function () {
  this.timeout(30_000); // up to four starts of Node, one after the other
  const scope = new Scope();
  let nucleus: Nucleus;
  let component: Component;
  /** What a deployment has merged into the recipe's own. */
  let configuration: Tree;
  before(async () => {
    const { ComponentConfiguration } = await readRecipe();
    configuration = {
      ...ComponentConfiguration.DefaultConfiguration.shutterd,
      camera: { driver: 'test', widthPx: 160, heightPx: 120 },
      image: { minWidthPx: 16 },
      outbox: { minFreeBytes: 0 },
    };
  });
  beforeEach(async () => {
    nucleus = await startNucleus(scope);
    component = await deployed(scope, nucleus.env);
  });
  afterEach(() => scope.end());

  const fleetFile = (): Promise<string> => readFile(join(component.work, 'config/fleet.json'), 'utf8');

  async function install(changes: Tree = {}): Promise<void> {
    const { code, err } = await component.script('install', { ...configuration, ...changes });
    assert.equal(code, 0, err);
  }

  it('installs what the deployment says as the fleet layer, and leaves nothing else', async () => {
    await install();
    assert.deepEqual(JSON.parse(await fleetFile()), configuration);
    assert.deepEqual((await readdir(component.work)).sort(), ['config', 'state']);
  });

  it('installs the example of its page, which names this version', async () => {
    const section = await greengrassPage();
    const { componentVersion, configurationUpdate } = deploymentOf(section)['com.shutterd.Capture'] ?? {};
    const merged = JSON.parse(configurationUpdate?.merge ?? '{}') as { shutterd: Tree };
    assert.equal(componentVersion, await packageVersion());
    await install(merged.shutterd);
    const versions = section.matchAll(/com\.shutterd\.Capture[/-](\d+\.\d+\.\d+)/g);
    assert.deepEqual([...new Set([...versions].map(([, version]) => version))], [componentVersion]);
  });

  it('fails to install a bad configuration, says why, and keeps the one before', async () => {
    await install();
    const before = await fleetFile();
    const { code, out, err } = await component.script('install', { ...configuration, mqtt: { qos: 7 } });
    assert.equal(code, 2);
    assert.match(out + err, /mqtt\.qos.*7.*0, 1 or 2/s);
    assert.equal(await fleetFile(), before);
    await install();
  });

  it('takes the configuration as data, whatever it holds', async () => {
    const nasty = `$(touch pwned)/'"\`touch pwned\`'/;touch pwned`;
    await install({ topics: { request: nasty } });
    assert.equal((JSON.parse(await fleetFile()) as { topics: { request: string } }).topics.request, nasty);
    await assert.rejects(access(join(component.work, 'pwned')));
  });

  it('lets the files of the machine win, and checks them with the rest', async () => {
    await mkdir(component.machine, { mode: 0o755 });
    const local = join(component.machine, 'local.json');
    await writeFile(local, JSON.stringify({ mqtt: { qos: 7 } }), { mode: 0o600 });
    const bad = await component.script('install', configuration);
    assert.equal(bad.code, 2);
    assert.match(bad.out + bad.err, /local\.json/);
    await writeFile(local, JSON.stringify({ topics: { request: 'device/image/elsewhere' } }));
    await install({ topics: { request: 'device/image/of-the-deployment' } });
    const daemon = await begin(component);
    await nucleus.deliver(TRIGGER, '');
    await nucleus.published.nth(1, ({ topic }) => topic === 'device/image/elsewhere');
    await shutDown(component, daemon);
  });

  it('runs, answers a trigger, keeps its state in the work folder, and ends in time with 0', async () => {
    await install();
    const daemon = await begin(component);
    await nucleus.deliver(TRIGGER, '{"request_id":"t-1"}');
    const request = json((await nucleus.published.nth(1, ({ topic }) => topic === REQUEST)).payload);
    const outcome = json((await nucleus.published.nth(1, ({ topic }) => topic === OUTCOME)).payload);
    assert.deepEqual(
      [outcome['outcome'], outcome['trigger_id'], outcome['request_id'], request['device_id']],
      ['accepted', 't-1', request['request_id'], 'pi-test'],
    );
    await daemon.lines.nth(1, ({ event }) => event === 'request.acknowledged');
    assert.ok((await readdir(join(component.work, 'state'))).includes('outbox'));
    await shutDown(component, daemon);
    const last = nucleus.published.all.filter(({ topic }) => topic === STATUS).at(-1);
    assert.equal(json(last?.payload ?? Buffer.of())['state'], 'offline');
  });

  it('may do all it does, and the nucleus fills in the name, where it is deployed as its page says', async () => {
    const { 'aws.greengrass.Nucleus': own } = deploymentOf(await greengrassPage());
    const { interpolateComponentConfiguration: interpolates } = JSON.parse(
      own?.configurationUpdate?.merge ?? '{}',
    ) as { interpolateComponentConfiguration?: boolean };
    const { accessControl } = (await readRecipe()).ComponentConfiguration.DefaultConfiguration;
    const thing = 'pi-test';
    await nucleus.set({
      allowed: allowedBy(accessControl, { interpolates: interpolates === true, thing }),
    });
    await install();
    const daemon = await begin(component);
    await nucleus.deliver(`device/${thing}/image/trigger`, '');
    await daemon.lines.nth(1, ({ event }) => event === 'request.acknowledged');
    await nucleus.published.nth(1, ({ topic }) => topic === OUTCOME);
    await shutDown(component, daemon);
    assert.ok(nucleus.published.all.some(({ topic }) => topic === STATUS));
    assert.deepEqual(
      daemon.lines.all.filter(({ event }) => event === 'broker.refused'),
      [],
    );
  });

  it('says what lets the nucleus fill in the name of the thing, where it does not', async () => {
    const { accessControl } = (await readRecipe()).ComponentConfiguration.DefaultConfiguration;
    await nucleus.set({ allowed: allowedBy(accessControl, { interpolates: false, thing: 'pi-test' }) });
    await install();
    const child = component.start();
    const refused = await child.lines.nth(1, (line) => line.includes('"broker.refused"'));
    assert.match(refused, /SubscribeToIoTCore on device\/pi-test\/image\/pause: UnauthorizedError/);
    assert.match(refused, /interpolateComponentConfiguration/);
    await component.script('shutdown');
    assert.deepEqual(await child.ended, { code: 0, signal: null });
  });

  it('ends the daemon that a crashed nucleus has left over, and takes camera and outbox', async () => {
    await install();
    const orphan = await begin(component);
    const next = await begin(component);
    assert.deepEqual(await orphan.child.ended, { code: 0, signal: null });
    await nucleus.deliver(TRIGGER, '');
    await next.lines.nth(1, ({ event }) => event === 'request.acknowledged');
    await shutDown(component, next);
  });

  it('runs a command of shutterd for a person, with the configuration and the state of the component', async () => {
    await install({ topics: { request: 'device/image/of-the-deployment' } });
    const shown = await component.command(['config', 'explain', 'topics.request']);
    assert.equal(shown.code, 0, shown.err);
    assert.match(shown.out, /of-the-deployment.*config\/fleet\.json/s);
    const listed = await component.command(['outbox', 'list']);
    assert.equal(listed.code, 0, listed.err);
    const wrong = await component.command(['config', 'explain', 'topics.nothing']);
    assert.equal(wrong.code, 2);
  });

  it('takes no NOTIFY_SOCKET, watchdog or journal of the nucleus’ own service for its own', async () => {
    component = await deployed(scope, {
      ...nucleus.env,
      ...{ NOTIFY_SOCKET: join(component.work, 'nobody'), WATCHDOG_USEC: '1000', JOURNAL_STREAM: '1:2' },
    });
    await install();
    const daemon = await begin(component);
    const environment = await readFile(`/proc/${daemon.child.pid}/environ`, 'utf8');
    assert.doesNotMatch(environment, /NOTIFY_SOCKET|WATCHDOG|JOURNAL_STREAM/);
    await shutDown(component, daemon);
  });

  it('shuts down at once where nothing runs, and leaves a process alone that has its old number', async () => {
    assert.equal((await component.script('shutdown')).code, 0);
    const other = startChild(scope, { file: process.execPath, args: ['-e', 'setInterval(() => {}, 1e6)'] });
    await writeFile(join(component.work, 'pid'), `${other.pid}\n`);
    assert.equal((await component.script('shutdown')).code, 0);
    other.signal('SIGUSR2'); // it ends by this one, unless it had ended before
    assert.equal((await other.ended).signal, 'SIGUSR2');
  });

  it('does not install with a Node that is too old, and prefers its own to that of the machine', async () => {
    await mkdir(join(component.tree, 'node/bin'), { recursive: true });
    await writeFile(join(component.tree, 'node/bin/node'), '#!/bin/sh\nexit 1\n');
    await chmod(join(component.tree, 'node/bin/node'), 0o755);
    const { code, err } = await component.script('install', configuration);
    assert.equal(code, 1);
    assert.match(err, /^Cannot install: Node 20\.19 or newer is needed/m);
  });

  it('does not install without the IPC client', async () => {
    component = await deployed(scope, nucleus.env, treeWithoutPackages);
    const { code, err } = await component.script('install', configuration);
    assert.equal(code, 1);
    assert.match(err, /^Cannot install: the artifact holds no Greengrass IPC client.*make-artifact\.sh/m);
  });
});

type Components = Readonly<
  Record<string, { componentVersion: string; configurationUpdate?: { merge: string } }>
>;

async function greengrassPage(): Promise<string> {
  const page = await readFile(join(repositoryRoot(), 'cloud/README.md'), 'utf8');
  return page.slice(page.indexOf('\n## Greengrass'));
}

/** The first example of the page. */
function deploymentOf(section: string): Components {
  const [, text = '{}'] = /^```json\n(.*?)^```/ms.exec(section) ?? [];
  return JSON.parse(text) as Components;
}

interface Running {
  readonly child: Child;
  readonly lines: Arrivals<Line>;
}

/** Online, and the process is the daemon itself: no shell stays in between. */
async function begin(component: Component): Promise<Running> {
  const child = component.start();
  const lines = new Arrivals<Line>();
  child.lines.onAdded = (line) => {
    lines.add(JSON.parse(line) as Line);
  };
  await lines.nth(1, ({ event }) => event === 'broker.connected');
  assert.equal((await readFile(join(component.work, 'pid'), 'utf8')).trim(), String(child.pid));
  return { child, lines };
}

async function shutDown(component: Component, { child }: Running): Promise<void> {
  const from = performance.now();
  assert.equal((await component.script('shutdown')).code, 0);
  assert.deepEqual(await child.ended, { code: 0, signal: null }, child.errors.all.join('\n'));
  assert.ok(performance.now() - from < SHUTDOWN_MS_MAX);
}
