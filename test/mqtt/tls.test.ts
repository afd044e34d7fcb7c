// TLS under the wire, against a real mosquitto: the right authority is taken, anything else is refused, always.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAuthority, type Authority } from '../helpers/certificates.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { Scope } from '../helpers/scope.ts';
import { createSecureContexts, tlsOptions, type SecureContexts } from '../../src/mqtt/tls-options.ts';
import { message, openedLink, problemOf } from './link-bench.ts';

describe('openLink() over TLS', () => {
  const scope = new Scope();
  const shared = new Scope();
  let authority: Authority;
  let other: Authority;

  before(async () => {
    authority = await createAuthority(shared);
    other = await createAuthority(shared);
  });
  after(() => shared.end());
  afterEach(() => scope.end());

  const serve = async (names: string, days = 2): Promise<string> => {
    const broker = await startMosquitto(scope, { tls: await authority.issue(names, days) });
    return `mqtts://127.0.0.1:${broker.port}`;
  };

  it('refuses a certificate that the system does not trust', async () => {
    const url = await serve('IP:127.0.0.1');
    assert.equal((await problemOf(scope, { url })).fault, 'tls');
  });

  it('refuses a certificate of another authority', async () => {
    const url = await serve('IP:127.0.0.1');
    assert.equal((await problemOf(scope, { url, tls: { caFile: other.caFile } })).fault, 'tls');
  });

  it('refuses a certificate for another address', async () => {
    const url = await serve('IP:127.0.0.2,DNS:elsewhere.example');
    const { fault, detail } = await problemOf(scope, { url, tls: { caFile: authority.caFile } });
    assert.equal(fault, 'tls');
    assert.match(detail, /ERR_TLS_CERT_ALTNAME_INVALID/);
  });

  it('refuses a certificate for another name than the one expected', async () => {
    const url = await serve('DNS:broker.example');
    const tls = { caFile: authority.caFile, serverName: 'other.example' };
    assert.equal((await problemOf(scope, { url, tls })).fault, 'tls');
  });

  it('refuses a certificate that has expired', async () => {
    const url = await serve('IP:127.0.0.1', -1);
    const { fault, detail } = await problemOf(scope, { url, tls: { caFile: authority.caFile } });
    assert.equal(fault, 'tls');
    assert.match(detail, /CERT_HAS_EXPIRED/);
  });

  it('refuses a broker that speaks no TLS', async () => {
    const broker = await startMosquitto(scope);
    const url = `mqtts://127.0.0.1:${broker.port}`;
    const { remedy } = await problemOf(scope, { url, tls: { caFile: authority.caFile } });
    assert.match(remedy, /speak no TLS/);
  });

  it('names a certificate file that is not there, or that holds none', async () => {
    const url = await serve('IP:127.0.0.1');
    const absent = await problemOf(scope, { url, tls: { caFile: '/nowhere/ca.pem' } });
    assert.equal(absent.fault, 'tls');
    assert.match(absent.detail, /Cannot read certificate authority \/nowhere\/ca\.pem: absent/);
    const empty = join(await scope.folder(), 'ca.pem');
    await writeFile(empty, 'no certificate\n');
    assert.equal((await problemOf(scope, { url, tls: { caFile: empty } })).fault, 'tls');
  });

  it('tells a key of another certificate from a certificate of another authority', async () => {
    const url = await serve('IP:127.0.0.1');
    const [one, another] = [await authority.issue('DNS:device'), await authority.issue('DNS:device')];
    const tls = { caFile: authority.caFile, certFile: one.certFile, keyFile: another.keyFile };
    assert.match((await problemOf(scope, { url, tls })).remedy, /keyFile is not the key/);
    const { remedy } = await problemOf(scope, { url, tls: { caFile: other.caFile } });
    assert.match(remedy, /mqtt\.tls\.caFile/);
  });

  it("tells a broker that misses the device's certificate from one that does not take it", async () => {
    const lines = ['require_certificate true', `cafile ${authority.caFile}`];
    const broker = await startMosquitto(scope, { tls: await authority.issue('IP:127.0.0.1'), lines });
    const url = `mqtts://127.0.0.1:${broker.port}`;
    const { caFile } = authority;
    assert.match((await problemOf(scope, { url, tls: { caFile } })).remedy, /set mqtt\.tls\.certFile/);
    const foreign = await problemOf(scope, { url, tls: { caFile, ...(await other.issue('DNS:device')) } });
    assert.match(foreign.remedy, /does not take the certificate of this device/);
    const expired = await authority.issue('DNS:device', -1);
    const late = await problemOf(scope, { url, tls: { caFile, ...expired } });
    assert.match(late.remedy, /renew the certificate of this device/);
    await openedLink(scope, { url, tls: { caFile, ...(await authority.issue('DNS:device')) } });
  });

  it('takes a certificate of its authority, by address and by name', async () => {
    const url = await serve('IP:127.0.0.1,DNS:broker.example');
    const { caFile } = authority;
    const byAddress = await openedLink(scope, { url, tls: { caFile } });
    const bytes = Buffer.alloc(100_000, 3);
    assert.deepEqual(await byAddress.link.publish(message('out', bytes)), { kind: 'acknowledged' });
    await openedLink(scope, { url, clientId: 'by-name', tls: { caFile, serverName: 'broker.example' } });
  });

  it('trusts the authorities of the system where no file is named, and only then', async () => {
    const url = await serve('IP:127.0.0.1');
    const systemRoots = ['/nowhere/roots.crt', authority.caFile];
    await openedLink(scope, { url, tls: { systemRoots } });
    const named = await problemOf(scope, { url, tls: { systemRoots, caFile: other.caFile } });
    assert.equal(named.fault, 'tls');
    const stranger = await problemOf(scope, { url, tls: { systemRoots: [other.caFile] } });
    assert.match(stranger.remedy, /mqtt\.tls\.caFile/);
  });

  it('looks for them where Debian keeps them, and has those of Node on a system without', async () => {
    const contents = async (systemRoots?: readonly string[]): Promise<Buffer | undefined> => {
      let ca: Buffer | undefined;
      const contexts: SecureContexts = (files) => {
        ca = files.ca;
        return createSecureContexts()({});
      };
      const tls = systemRoots === undefined ? {} : { systemRoots };
      await tlsOptions('broker.example', tls, { reader: undefined, contexts });
      return ca;
    };
    const bundle = await readFile('/etc/ssl/certs/ca-certificates.crt').catch(() => undefined);
    if (bundle !== undefined) assert.deepEqual(await contents(), bundle);
    assert.equal(await contents(['/nowhere/roots.crt']), undefined);
  });

  it('parses files again only when they hold something else', async () => {
    const [one, another] = [await readFile(authority.caFile), await readFile(other.caFile)];
    const contexts = createSecureContexts();
    const first = contexts({ ca: one });
    assert.equal(contexts({ ca: Buffer.from(one) }), first);
    assert.notEqual(contexts({ ca: another }), first);
    assert.notEqual(contexts({}), contexts({ ca: one }));
  });

  it('reads its certificate files afresh at each connection', async () => {
    const url = await serve('IP:127.0.0.1');
    const caFile = join(await scope.folder(), 'ca.pem');
    await writeFile(caFile, await readFile(other.caFile));
    assert.equal((await problemOf(scope, { url, tls: { caFile } })).fault, 'tls');
    await writeFile(caFile, await readFile(authority.caFile));
    await openedLink(scope, { url, tls: { caFile } });
  });
});
