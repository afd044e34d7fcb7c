// A hardened mosquitto and every way in which TLS or a login goes wrong: the line a person reads, and the recovery, without
// a restart of the daemon, once the fault is mended.
import { chmod, copyFile, rm, writeFile } from 'node:fs/promises';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { LinkFault } from '../../src/domain.ts';
import { createAuthority, type Authority, type ServerCertificate } from '../helpers/certificates.ts';
import { startMosquitto, type Mosquitto, type MosquittoOptions } from '../helpers/mosquitto.ts';
import { Scope } from '../helpers/scope.ts';
import { faultOf, startBench, type Bench } from './broker-bench.ts';

interface Certificates {
  readonly authority: Authority;
  readonly other: Authority;
  readonly server: ServerCertificate;
  readonly device: ServerCertificate;
  readonly spare: ServerCertificate;
}

/** The device's own copies, which a test breaks and mends. */
interface Files {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly password: string;
}

interface World {
  readonly files: Files;
  readonly certificates: Certificates;
  readonly broker: Mosquitto;
  /** What the broker needs to be well. */
  readonly well: MosquittoOptions;
}

interface Fault {
  readonly name: string;
  readonly broker?: (certificates: Certificates) => Promise<MosquittoOptions>;
  /** The device's files are well before. */
  readonly spoil?: (files: Files, certificates: Certificates) => Promise<unknown>;
  readonly settings?: (files: Files) => readonly string[];
  readonly fault: LinkFault;
  readonly says: RegExp;
  readonly mend: (world: World) => Promise<unknown>;
}

const LOCAL = 'IP:127.0.0.1';
const restartWell = ({ broker, well }: World): Promise<void> => broker.restart(well);
const serverOf = async (certificate: Promise<ServerCertificate>): Promise<MosquittoOptions> => ({
  tls: await certificate,
});

const faults: readonly Fault[] = [
  {
    name: 'an authority that did not sign the broker',
    spoil: ({ ca }, { other }) => copyFile(other.caFile, ca),
    ...{ fault: 'tls', says: /SELF_SIGNED_CERT_IN_CHAIN.*set mqtt\.tls\.caFile/ },
    mend: ({ files, certificates }) => copyFile(certificates.authority.caFile, files.ca),
  },
  {
    name: 'an authority file that is not there',
    spoil: ({ ca }) => rm(ca),
    ...{ fault: 'tls', says: /Cannot read certificate authority .*ca\.pem: absent.*PEM files/ },
    mend: ({ files, certificates }) => copyFile(certificates.authority.caFile, files.ca),
  },
  {
    name: 'a certificate for another name',
    broker: ({ authority }) => serverOf(authority.issue('DNS:elsewhere.example')),
    ...{ fault: 'tls', says: /ERR_TLS_CERT_ALTNAME_INVALID.*127\.0\.0\.1.*mqtt\.tls\.serverName/ },
    mend: restartWell,
  },
  {
    name: 'a certificate that has expired',
    broker: ({ authority }) => serverOf(authority.issue(LOCAL, -1)),
    ...{ fault: 'tls', says: /CERT_HAS_EXPIRED.*renew the broker's certificate/ },
    mend: restartWell,
  },
  {
    name: 'a certificate that is not valid yet',
    broker: ({ authority }) => serverOf(authority.issueForTomorrow(LOCAL)),
    ...{ fault: 'tls', says: /CERT_NOT_YET_VALID.*clock is synchronised, so the broker's certificate/ },
    mend: restartWell,
  },
  {
    name: 'a key of another certificate',
    spoil: ({ key }, { spare }) => copyFile(spare.keyFile, key),
    ...{ fault: 'tls', says: /KEY_VALUES_MISMATCH.*keyFile is not the key of mqtt\.tls\.certFile/ },
    mend: ({ files, certificates }) => copyFile(certificates.device.keyFile, files.key),
  },
  {
    name: 'a key that everybody may read',
    spoil: ({ key }) => chmod(key, 0o644),
    ...{
      fault: 'tls',
      says: /its mode is 0644, which gives rights to everybody.*run: chmod 600 \/.*device\.key/,
    },
    mend: ({ files }) => chmod(files.key, 0o600),
  },
  {
    name: 'no certificate of the device where the broker asks for one',
    settings: ({ ca }) => [`mqtt.tls.caFile=${ca}`],
    ...{ fault: 'tls', says: /CERTIFICATE_REQUIRED.*set mqtt\.tls\.certFile and mqtt\.tls\.keyFile/ },
    mend: ({ broker, well }) => broker.restart({ ...(well.tls === undefined ? {} : { tls: well.tls }) }),
  },
  {
    name: 'a certificate of the device that the broker does not know',
    spoil: async ({ cert, key }, { other }) => {
      const foreign = await other.issue('DNS:device');
      await copyFile(foreign.certFile, cert);
      await copyFile(foreign.keyFile, key);
    },
    ...{ fault: 'tls', says: /UNKNOWN_CA.*does not take the certificate of this device/ },
    async mend({ files, certificates: { device } }) {
      await copyFile(device.keyFile, files.key);
      await copyFile(device.certFile, files.cert);
    },
  },
  {
    name: 'a certificate of the device that has expired',
    spoil: async ({ cert, key }, { authority }) => {
      const expired = await authority.issue('DNS:device', -1);
      await copyFile(expired.certFile, cert);
      await copyFile(expired.keyFile, key);
    },
    ...{ fault: 'tls', says: /ALERT_CERTIFICATE_EXPIRED.*renew the certificate of this device/ },
    async mend({ files, certificates: { device } }) {
      await copyFile(device.keyFile, files.key);
      await copyFile(device.certFile, files.cert);
    },
  },
  {
    name: 'a wrong password',
    spoil: ({ password }) => writeFile(password, 'wrong\n'),
    ...{ fault: 'notAuthorized', says: /reason code 135.*Not authorized/i },
    mend: ({ files }) => writeFile(files.password, 'right\n'),
  },
  {
    name: 'a password file that its group may change',
    spoil: ({ password }) => chmod(password, 0o660),
    ...{
      fault: 'credentials',
      says: /its mode is 0660, which lets its group change it.*run: chmod 600 .*password/,
    },
    mend: ({ files }) => chmod(files.password, 0o600),
  },
];

describe('the daemon and a hardened mosquitto', () => {
  const scope = new Scope();
  const shared = new Scope();
  let certificates: Certificates;

  before(async () => {
    const [authority, other] = [await createAuthority(shared), await createAuthority(shared)];
    const [device, spare] = [await authority.issue('DNS:device'), await authority.issue('DNS:device')];
    certificates = { authority, other, device, spare, server: await authority.issue(LOCAL) };
  });
  after(() => shared.end());
  afterEach(() => scope.end());

  async function deviceFiles(): Promise<Files> {
    const folder = await scope.folder();
    const at = (name: string): string => join(folder, name);
    const files = {
      ca: at('ca.pem'),
      cert: at('device.pem'),
      key: at('device.key'),
      password: at('password'),
    };
    await copyFile(certificates.authority.caFile, files.ca);
    await copyFile(certificates.device.certFile, files.cert);
    await copyFile(certificates.device.keyFile, files.key);
    await chmod(files.key, 0o600);
    await writeFile(files.password, 'right\n', { mode: 0o600 });
    return files;
  }

  for (const row of faults) {
    it(`says what is wrong with ${row.name}, and goes on when it is mended`, async () => {
      const files = await deviceFiles();
      await row.spoil?.(files, certificates);
      const well: MosquittoOptions = {
        ...{ tls: certificates.server, passwords: { camera: 'right' } },
        lines: ['require_certificate true', `cafile ${certificates.authority.caFile}`],
      };
      const broker = await startMosquitto(scope, { ...well, ...(await row.broker?.(certificates)) });
      const settings = row.settings?.(files) ?? mutualTls(files);
      const bench = await startBench(scope, { settings: [`mqtt.url=${secureUrl(broker)}`, ...settings] });
      await bench.request(1);
      const line = await firstFailure(bench);
      assert.equal(faultOf(line), row.fault, line.text);
      assert.match(line.text, row.says);
      await row.mend({ files, certificates, broker, well });
      await bench.says('broker.connected');
      assert.equal(await bench.delivered.nth(1), 1);
    });
  }

  it('keeps a link whose certificate is renewed meanwhile, and takes the new one at the next connection', async () => {
    const files = await deviceFiles();
    const lines = ['require_certificate true', `cafile ${certificates.authority.caFile}`];
    const options: MosquittoOptions = { tls: certificates.server, lines };
    const broker = await startMosquitto(scope, options);
    const bench = await startBench(scope, {
      settings: [`mqtt.url=${secureUrl(broker)}`, ...mutualTls(files)],
    });
    await bench.says('broker.connected');
    // Of an authority that alone counts after the broker's restart: the old certificate would not be let in.
    const renewed = await certificates.other.issue('DNS:device');
    await copyFile(renewed.keyFile, files.key);
    await copyFile(renewed.certFile, files.cert);
    await bench.request(1);
    await bench.delivered.nth(1);
    const { caFile } = certificates.other;
    await broker.restart({ ...options, lines: ['require_certificate true', `cafile ${caFile}`] });
    await bench.says('broker.connected', /./, 2);
    assert.equal(
      bench.lines.count(({ fields }) => fields['fault'] === 'tls'),
      0,
    );
  });

  it('takes a key that its group may read from root alone, which is how credentials of systemd look', async () => {
    const files = await deviceFiles();
    // Root owns them, and the mask of their access list shows as rights of the group.
    await chmod(files.key, 0o440);
    const broker = await startMosquitto(scope, { tls: certificates.server });
    const bench = await startBench(scope, {
      settings: [`mqtt.url=${secureUrl(broker)}`, ...mutualTls(files)],
    });
    const first = await bench.lines.nth(1);
    const owner = process.getuid?.() === 0 ? 'root' : 'somebody';
    assert.match(first.text, owner === 'root' ? /broker\.connected/ : /owner is not root/);
  });
});

function secureUrl({ port }: Mosquitto): string {
  return `mqtts://127.0.0.1:${port}`;
}

function mutualTls({ ca, cert, key, password }: Files): readonly string[] {
  return [
    ...[`mqtt.tls.caFile=${ca}`, `mqtt.tls.certFile=${cert}`, `mqtt.tls.keyFile=${key}`],
    ...['mqtt.username=camera', `mqtt.passwordFile=${password}`],
  ];
}

function firstFailure({ lines }: Bench): ReturnType<Bench['says']> {
  return lines.nth(1, ({ event }) => event === 'broker.retry' || event === 'broker.refused');
}
