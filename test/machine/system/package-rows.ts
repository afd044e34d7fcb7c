// The same life through apt: install, upgrade, fall back, remove, purge.
import { ENDS_AT_ONCE, FOLDER, leftovers, remember, storeOne } from './install-rows.ts';
import { type Bench, expect, type Row } from './row.ts';

export const packageRows: readonly Row[] = [
  { name: 'deb install', needs: ['deb'], run: install },
  { name: 'deb upgrade', needs: ['deb'], run: upgrade },
  { name: 'deb fallback', needs: ['deb'], run: fallback },
  { name: 'deb remove', needs: ['deb'], run: remove },
  { name: 'deb purge', needs: ['deb'], run: purge },
];

const APT = 'DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0';

async function install({ host, service, deb = '' }: Bench): Promise<string> {
  await host.must(`mkdir -p ${FOLDER}; [ ! -e /opt/shutterd ]`);
  await remember(host);
  await host.copy(deb, `${FOLDER}/one.deb`);
  const said = await host.must(`time -p ${APT} install ${FOLDER}/one.deb 2>&1`);
  expect(/^shutterd \S+ is ready\.$/m.test(said), `it does not say that it is ready: ${said}`);
  await service.classify();
  await service.configure();
  const refused = await host.run('/opt/shutterd/current/scripts/install.sh uninstall');
  expect(
    refused.code === 1 && refused.output.includes('Debian package'),
    `install.sh meddles with the package: ${refused.output}`,
  );
  return `in ${/^real ([\d.]+)$/m.exec(said)?.[1] ?? '?'} s; ${await service.picture()}`;
}

async function upgrade({ host, service }: Bench): Promise<string> {
  const sum = await host.must('sha256sum /etc/shutterd/local.yaml');
  const waiting = await storeOne({ host, service });
  await host.must(newerPackage('two', '99.0.0'));
  await host.must(`${APT} install ${FOLDER}/two.deb`);
  expect((await host.must('shutterd --version')) === '99.0.0', 'another version runs');
  expect((await host.must('sha256sum /etc/shutterd/local.yaml')) === sum, 'local.yaml was changed');
  await service.classify();
  await service.line(waiting, '"event":"request.acknowledged"');
  return '99.0.0 runs, configuration untouched, the stored request was sent';
}

async function fallback({ host, service }: Bench): Promise<string> {
  await host.must(newerPackage('three', '99.0.1', ENDS_AT_ONCE));
  const { code, output } = await host.run(`${APT} install ${FOLDER}/three.deb 2>&1`);
  expect(code !== 0, `apt-get took a version that ends at once: ${output}`);
  expect(output.includes('99.0.1 was not ready'), `it does not say so: ${output}`);
  expect((await host.must('shutterd --version')) === '99.0.0', 'another version than the one before runs');
  const picture = await service.picture();
  await host.must(`${APT} install --allow-downgrades ${FOLDER}/two.deb`);
  return `apt-get ended with ${code}, 99.0.0 runs again: ${picture}; a good package mends dpkg's state`;
}

async function remove({ host, service }: Bench): Promise<string> {
  await storeOne({ host, service });
  await host.must(`${APT} remove shutterd`);
  const left = await leftovers(host);
  const ours = left.filter((it) => !/^\/(etc|var\/lib)\/shutterd(\/|$)/.test(it));
  expect(ours.length === 0, `left behind: ${ours.join(' ')}`);
  expect(left.includes('/etc/shutterd/local.yaml'), 'the configuration is gone');
  expect(
    left.some((it) => it.startsWith('/var/lib/shutterd/outbox/')),
    'the outbox is gone',
  );
  return 'configuration and outbox stay, nothing else';
}

async function purge({ host }: Bench): Promise<string> {
  await host.must(`${APT} purge shutterd; systemctl start mosquitto`);
  const left = await leftovers(host);
  expect(left.length === 0, `left behind: ${left.join(' ')}`);
  return 'nothing is left';
}

function newerPackage(name: string, version: string, change = ':'): string {
  return `set -e; cd ${FOLDER}; rm -rf ${name}; dpkg-deb -R one.deb ${name}; sed -i 's/^Version: .*/Version: ${version}/' ${name}/DEBIAN/control
rm ${name}/DEBIAN/md5sums; cd ${name}/opt/shutterd/package; sed -i 's/^  "version": .*/  "version": "${version}",/' package.json; ${change}
find . -type f ! -name tree.sha256 -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >../../../../sum; mv ../../../../sum tree.sha256
cd ${FOLDER}; dpkg-deb -Znone -b ${name} ${name}.deb >/dev/null; rm -rf ${name}`;
}
