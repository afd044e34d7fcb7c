// Install, upgrade, fall back, uninstall from the archive: the script as its users call it.
import { basename } from 'node:path';
import { type Bench, expect, type Row } from './row.ts';

export const FOLDER = '/var/tmp/shutterd-test';
const TREE = `${FOLDER}/tree`;

// What other programs of the host write by themselves; the rest has to be as it was.
const NOT_OURS =
  '^/var/lib/(dpkg|apt|systemd|dbus|NetworkManager|dhcp|chrony|private$|mosquitto|logrotate|man-db|ucf)|^/etc/(passwd|group|shadow|gshadow)-$|^/etc/[.]pwd[.]lock|/mosquitto[.]db([.]new)?$|^/(etc|usr/lib)/systemd/(system|network)$';
const LOOK = `find /etc /opt /usr /var/lib -xdev | grep -vE '${NOT_OURS}' | sort; getent passwd | cut -d : -f 1; getent group | cut -d : -f 1`;

export const installRows: readonly Row[] = [
  { name: 'install', needs: ['archive'], run: install },
  { name: 'install again', needs: ['archive'], run: installAgain },
  { name: 'first picture', run: firstPicture },
];

export const upgradeRows: readonly Row[] = [
  { name: 'upgrade', needs: ['archive'], run: upgrade },
  { name: 'fallback', needs: ['archive'], run: fallback },
  { name: 'uninstall', needs: ['archive'], run: uninstall },
  { name: 'purge', needs: ['archive'], run: purge },
];

async function install({ host, service, archive = '' }: Bench): Promise<string> {
  await host.must(`rm -rf ${FOLDER}; mkdir -p ${FOLDER}/tree; [ ! -e /opt/shutterd ]`).catch(() => {
    throw new Error('something is installed in /opt/shutterd already; this row needs a host without');
  });
  await remember(host);
  await host.copy(archive, `${FOLDER}/archive.tar.gz`);
  await host.must(`tar -xzf ${FOLDER}/archive.tar.gz -C ${TREE} --strip-components=1`);
  const said = await host.must(`time -p ${TREE}/scripts/install.sh 2>&1`);
  expect(/^shutterd \S+ is ready\.$/m.test(said), `it does not say that it is ready: ${said}`);
  const program = await host.must(`readlink /proc/$(systemctl show -p MainPID --value shutterd)/exe`);
  expect(program.startsWith('/opt/shutterd/'), `it runs with ${program}, not with the Node it brought`);
  const owner = await host.must('ps -o user= -p $(systemctl show -p MainPID --value shutterd)');
  expect(owner.trim() !== 'root', 'it runs as root');
  const next = /^ {4}(mosquitto_pub .*)$/m.exec(said)?.[1];
  expect(next !== undefined, `it does not say how to take a picture: ${said}`);
  const link = await host.must('readlink -f /usr/local/bin/shutterd');
  return `${basename(archive)} in ${/^real ([\d.]+)$/m.exec(said)?.[1] ?? '?'} s, user ${owner.trim()}, ${link}; ${next ?? ''}; restarts ${await service.fact('NRestarts')}`;
}

async function installAgain({ host }: Bench): Promise<string> {
  const look = 'find /etc/shutterd /opt/shutterd -printf "%p %i %l\\n" | sort | sha256sum';
  const before = await host.must(look);
  const said = await host.must(`${TREE}/scripts/install.sh`);
  expect(said.includes('is there already'), `it put the program there once more: ${said}`);
  expect(
    (await host.must(look)) === before,
    'files in /etc/shutterd or /opt/shutterd are others than before',
  );
  return 'every file in /etc/shutterd and /opt/shutterd is the same';
}

async function firstPicture({ host, service }: Bench): Promise<string> {
  await service.classify();
  await service.configure();
  await host.must('shutterd config check');
  return service.picture();
}

async function upgrade({ host, service }: Bench): Promise<string> {
  await service.configure();
  const waiting = await storeOne({ host, service });
  await host.must(newerTree('newer', '99.0.0'));
  const said = await host.must(`${FOLDER}/newer/scripts/install.sh upgrade`);
  const version = await host.must('shutterd --version');
  expect(version === '99.0.0', `shutterd --version is ${version}: ${said}`);
  expect((await host.must('ls /var/lib/shutterd/outbox | wc -l')) !== '0', 'the outbox is empty');
  await service.classify();
  await service.line(waiting, '"event":"request.acknowledged"');
  const versions = await host.must('cd /opt/shutterd; ls -d [0-9]* | xargs');
  return `99.0.0 runs, a request stored by the old version was sent by the new one; /opt/shutterd has ${versions}`;
}

async function fallback({ host, service }: Bench): Promise<string> {
  const before = await host.must('readlink /opt/shutterd/current; sha256sum /etc/shutterd/local.yaml');
  await host.must(newerTree('broken', '99.0.1', ENDS_AT_ONCE));
  const { code, output } = await host.run(`time -p ${FOLDER}/broken/scripts/install.sh upgrade`);
  expect(code === 1, `a version that ends at once was installed with exit code ${code}: ${output}`);
  expect(output.includes('Cannot upgrade shutterd: 99.0.1 was not ready'), `it does not say so: ${output}`);
  const after = await host.must('readlink /opt/shutterd/current; sha256sum /etc/shutterd/local.yaml');
  expect(after === before, `it was ${before} and is ${after}`);
  expect((await host.run('ls -d /opt/shutterd/99.0.1')).code !== 0, 'the broken version is still there');
  return `exit 1 after ${/^real ([\d.]+)$/m.exec(output)?.[1] ?? '?'} s, ${await host.must('shutterd --version')} runs again: ${await service.picture()}`;
}

async function uninstall({ host, service }: Bench): Promise<string> {
  await storeOne({ host, service });
  await host.must('/opt/shutterd/current/scripts/install.sh uninstall');
  const left = await leftovers(host);
  const ours = left.filter((it) => !/^\/(etc|var\/lib)\/shutterd(\/|$)/.test(it));
  expect(ours.length === 0, `left behind: ${ours.join(' ')}`);
  expect(left.includes('/etc/shutterd/local.yaml'), 'the configuration is gone');
  expect(
    left.some((it) => it.startsWith('/var/lib/shutterd/outbox/')),
    'the outbox is gone',
  );
  expect((await host.run('systemctl cat shutterd')).code !== 0, 'systemd still knows the unit');
  return `what is left: ${left.length} files and folders below /etc/shutterd and /var/lib/shutterd`;
}

async function purge({ host, service }: Bench): Promise<string> {
  const found = await host.must(`${TREE}/scripts/install.sh && ls /var/lib/shutterd/outbox | wc -l`);
  await service.classify();
  const picture = await service.picture();
  await host.must('/opt/shutterd/current/scripts/install.sh uninstall --purge');
  const left = await leftovers(host);
  expect(left.length === 0, `left behind: ${left.join(' ')}`);
  return `installed over what was left (${found.split('\n').at(-1) ?? '?'} files in the outbox; ${picture}); after --purge nothing is left`;
}

/** A request that stays in the outbox, because the broker is off; tells where the journal was. */
export async function storeOne({ host, service }: Pick<Bench, 'host' | 'service'>): Promise<string> {
  const from = await service.mark();
  await host.must('systemctl stop mosquitto; systemctl kill -s USR1 shutterd');
  await service.line(from, '"event":"request.stored"');
  return service.mark();
}

/** The installed files (as links: change none in place) under another version, changed by a line of bash, sealed as scripts/package.sh does. */
export function newerTree(name: string, version: string, change = ':'): string {
  return `set -e; rm -rf ${FOLDER}/${name}; cp -al ${TREE} ${FOLDER}/${name}; cd ${FOLDER}/${name}
sed -i 's/^  "version": .*/  "version": "${version}",/' package.json; ${change}
find . -type f ! -name tree.sha256 -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >../sum; mv ../sum tree.sha256`;
}

/** Knows its version, which is asked before it gets its place, and ends at once as a service. */
export const ENDS_AT_ONCE =
  "rm dist/src/main.js; echo \"if (process.argv.includes('--version')) console.log('99.0.1'); else process.exit(1);\" >dist/src/main.js";

export async function remember(host: Bench['host']): Promise<void> {
  await host.must(`mkdir -p ${FOLDER}; { ${LOOK}; } >${FOLDER}/before`);
}

export async function leftovers(host: Bench['host']): Promise<readonly string[]> {
  const lines = await host.must(`{ ${LOOK}; } | diff ${FOLDER}/before - | sed -n 's/^> //p'`);
  return lines.split('\n').filter((it) => it !== '');
}
