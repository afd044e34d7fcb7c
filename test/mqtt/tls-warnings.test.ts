// Certificate, key and password files as `config check` and `run` tell of them, on the real program.
import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import { createHome, runShutterd, startDaemon } from '../helpers/daemon.ts';
import { createAuthority, type Authority } from '../helpers/certificates.ts';
import { freePort } from '../helpers/free-port.ts';
import { Scope } from '../helpers/scope.ts';

describe('warnings about certificate, key and password files', () => {
  const scope = new Scope();
  const shared = new Scope();
  let authority: Authority;
  before(async () => {
    authority = await createAuthority(shared);
  });
  after(() => shared.end());
  afterEach(() => scope.end());

  const settingsOf = async (): Promise<Record<string, string>> => {
    const [one, other] = [await authority.issue('DNS:device', 90), await authority.issue('DNS:device', 90)];
    return {
      'mqtt.url': `mqtts://127.0.0.1:${await freePort()}`,
      'mqtt.tls.certFile': one.certFile,
      'mqtt.tls.keyFile': other.keyFile,
      'mqtt.passwordFile': '/nowhere/password',
      'camera.driver': 'test',
    };
  };
  const MISMATCH = /mqtt\.tls\.keyFile \/.* is not the key of .*; take certificate and key from the same set/;
  const ABSENT = /mqtt\.passwordFile \/nowhere\/password: it is absent/;

  it('are printed by config check, which still ends with 0', async () => {
    const home = await createHome(scope, await settingsOf());
    const { code, out, err } = await runShutterd(scope, home, ['config', 'check']);
    assert.equal(code, 0);
    assert.match(out, /^valid for device/);
    assert.match(err, MISMATCH);
    assert.match(err, ABSENT);
  });

  it('are values in config check --json', async () => {
    const home = await createHome(scope, await settingsOf());
    const { code, out } = await runShutterd(scope, home, ['config', 'check', '--json']);
    const said = JSON.parse(out) as { valid: boolean; warnings: string[] };
    assert.deepEqual([code, said.valid, said.warnings.length], [0, true, 2]);
  });

  it('are none of a check for another device, whose files are elsewhere', async () => {
    const home = await createHome(scope, await settingsOf());
    const { code, err } = await runShutterd(scope, home, ['config', 'check', '--device', 'pi-2']);
    assert.deepEqual([code, err], [0, '']);
  });

  it('are none of TLS files that the URL makes no use of', async () => {
    const settings = { ...(await settingsOf()), 'mqtt.url': 'mqtt://127.0.0.1:1' };
    const home = await createHome(scope, settings);
    const { err } = await runShutterd(scope, home, ['config', 'check']);
    assert.doesNotMatch(err, MISMATCH);
    assert.match(err, ABSENT);
  });

  it('are said once when the daemon starts, at warn, and do not keep it from starting', async () => {
    const settings = await settingsOf();
    await chmod(settings['mqtt.tls.keyFile'] ?? '', 0o604);
    const home = await createHome(scope, settings);
    const daemon = startDaemon(scope, home);
    const { level, warnings } = await daemon.waitFor('config.applied');
    assert.equal(level, 'warn');
    assert.match(String(warnings), MISMATCH);
    assert.match(String(warnings), /its mode is 0604.*run: chmod 600/);
    await daemon.waitFor('daemon.ready');
    assert.equal((await daemon.stop()).code, 0);
    assert.equal(daemon.of('config.applied').length, 1);
  });
});
