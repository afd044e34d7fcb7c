// Makes an authority and server certificates with openssl, at test time and for one test; nothing here is a secret.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChild } from './child.ts';
import type { Scope } from './scope.ts';

export interface ServerCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Authority {
  readonly caFile: string;
  /** `names` as in subjectAltName: `DNS:localhost,IP:127.0.0.1`. A negative number of days has expired. */
  issue(names: string, days?: number): Promise<ServerCertificate>;
  /** Valid from tomorrow on. */
  issueForTomorrow(names: string): Promise<ServerCertificate>;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export async function createAuthority(scope: Scope): Promise<Authority> {
  const folder = await scope.folder();
  const at = (name: string): string => join(folder, name);
  const openssl = async (...args: string[]): Promise<void> => {
    const ran = await runChild(scope, { file: 'openssl', args });
    if (ran.code !== 0) throw new Error(`Cannot make a certificate: ${ran.err}`);
  };
  const keys = ['-keyout', at('ca.key'), '-out', at('ca.pem')];
  await openssl('req', '-x509', ...NEW_KEY, ...keys, '-subj', '/CN=test authority', '-days', '2');
  let count = 0;
  /** A key and a request for its certificate. */
  const ask = async (names: string): Promise<ServerCertificate & { readonly csrFile: string }> => {
    count += 1;
    const name = `server-${count}`;
    const [keyFile, csrFile, certFile] = [at(`${name}.key`), at(`${name}.csr`), at(`${name}.pem`)];
    const asked = ['-subj', '/CN=test server', '-addext', `subjectAltName=${names}`];
    await openssl('req', ...NEW_KEY, '-keyout', keyFile, '-out', csrFile, ...asked);
    return { keyFile, csrFile, certFile };
  };
  return {
    caFile: at('ca.pem'),
    async issue(names, days = 2) {
      const { keyFile, csrFile, certFile } = await ask(names);
      const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial'];
      const terms = ['-days', String(days), '-copy_extensions', 'copy'];
      await openssl('x509', '-req', '-in', csrFile, ...signer, ...terms, '-out', certFile);
      return { certFile, keyFile };
    },
    async issueForTomorrow(names) {
      const { keyFile, csrFile, certFile } = await ask(names);
      // `openssl x509` takes no first day before OpenSSL 3.4; `openssl ca` always did, and wants books for it.
      await writeFile(at('ca.cnf'), books(folder));
      await writeFile(at('index.txt'), '');
      const signer = ['-config', at('ca.cnf'), '-cert', at('ca.pem'), '-keyfile', at('ca.key')];
      const terms = ['-startdate', inDays(1), '-enddate', inDays(2)];
      await openssl('ca', '-batch', '-notext', ...signer, ...terms, '-in', csrFile, '-out', certFile);
      return { certFile, keyFile };
    },
  };
}

function inDays(days: number): string {
  const then = new Date(Date.now() + days * 24 * 3600 * 1000).toISOString();
  return `${then.slice(0, 19).replace(/[-:T]/g, '')}Z`;
}

function books(folder: string): string {
  return [
    ...[
      '[ca]',
      'default_ca = books',
      '[books]',
      `database = ${folder}/index.txt`,
      `new_certs_dir = ${folder}`,
    ],
    ...['rand_serial = yes', 'policy = names', 'copy_extensions = copy', 'unique_subject = no'],
    ...['default_md = sha256', '[names]', 'commonName = supplied', ''],
  ].join('\n');
}
