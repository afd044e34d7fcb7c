// docs/mosquitto-tls.md, word for word: its commands make the files, its mosquitto configuration serves, its YAML connects,
// its first trigger ends in a result. Only the root folder, the port and what needs root are changed; the camera is a test's.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { runChild, startChild } from '../helpers/child.ts';
import { createHome, startDaemon } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { Scope } from '../helpers/scope.ts';
import { repositoryRoot } from '../house/repository-root.ts';

describe('the page about mosquitto with TLS', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  it('leads to a daemon that is triggered once and hears a result, with nothing that its access list denies', async () => {
    const page = await readFile(join(repositoryRoot(), 'docs', 'mosquitto-tls.md'), 'utf8');
    const [root, port] = [await scope.folder(), await freePort()];
    const here = (text: string): string =>
      text
        .replaceAll(/\/(?=etc\/|run\/)/g, `${root}/`)
        .replaceAll('8883', String(port))
        .replaceAll('sudo ', '')
        .replaceAll('-g mosquitto ', '');
    const blocks = (language: string): string[] =>
      [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) =>
        here(text),
      );
    const env = { ...process.env, HOME: root } as Record<string, string>;
    const runAll = async (commandBlocks: readonly string[]): Promise<void> => {
      for (const commands of commandBlocks) {
        const ran = await runChild(scope, { file: 'sh', args: ['-euc', commands], env });
        assert.equal(ran.code, 0, `${commands}\n${ran.err}`);
      }
    };
    const shell = blocks('sh');
    await runAll(shell.slice(0, -1));
    const [conf = '', acl = '', yaml = ''] = ['conf', 'acl', 'yaml'].map((language) =>
      blocks(language).join(''),
    );
    await writeFile(join(root, 'etc/mosquitto/cameras.acl'), acl);
    const asRoot = process.getuid?.() === 0 ? 'user root\n' : '';
    const confFile = join(root, 'etc/mosquitto/conf.d/tls.conf');
    await writeFile(confFile, `${asRoot}log_type all\n${conf}`);
    const broker = startChild(scope, { file: 'mosquitto', args: ['-c', confFile] });
    await broker.errors.nth(1, (line) => line.endsWith(' running'));
    // What systemd does with LoadCredential.
    const [, name = '', source = ''] = /LoadCredential=(\w+):(.+)/.exec(blocks('ini').join('')) ?? [];
    const credential = join(root, 'run/credentials/shutterd.service', name);
    await mkdir(dirname(credential), { recursive: true });
    await writeFile(credential, await readFile(source), { mode: 0o400 });

    const home = await createHome(
      scope,
      {},
      { CREDENTIALS_DIRECTORY: dirname(credential), SHUTTERD_CAMERA_DRIVER: 'test' },
    );
    const yamlFile = join(root, 'etc/shutterd/local.yaml');
    await writeFile(yamlFile, yaml, { mode: 0o600 });
    const configured = { ...home, configFolder: dirname(yamlFile) };
    const daemon = startDaemon(scope, configured);
    await daemon.waitFor('broker.connected');
    await broker.errors.nth(
      1,
      (line) => line.includes('Received PUBLISH from pi-1') && line.includes('device/pi-1/status'),
    );
    await runAll(shell.slice(-1));
    const result = await daemon.waitFor('result.received');
    assert.deepEqual([result['label'], result['confidence']], ['Chihuahua', 0.93]);
    const request = await readFile(join(root, 'mqtt-authority/request.json'), 'utf8');
    assert.ok((JSON.parse(request) as Record<string, unknown>)['image_data'], request.slice(0, 200));
    assert.equal(
      broker.errors.count((line) => line.startsWith('Denied')),
      0,
    );
    await daemon.stop();
  });
});
