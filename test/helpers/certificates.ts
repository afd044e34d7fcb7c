// Makes an authority and server certificates with openssl, at test time and for one test; nothing here is a secret.
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
  return {
    caFile: at('ca.pem'),
    async issue(names, days = 2) {
      count += 1;
      const [keyFile, csrFile, certFile] = ['key', 'csr', 'pem'].map((kind) => at(`server-${count}.${kind}`));
      if (keyFile === undefined || csrFile === undefined || certFile === undefined)
        throw new Error('no path');
      const asked = ['-subj', '/CN=test server', '-addext', `subjectAltName=${names}`];
      await openssl('req', ...NEW_KEY, '-keyout', keyFile, '-out', csrFile, ...asked);
      const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial'];
      const terms = ['-days', String(days), '-copy_extensions', 'copy'];
      await openssl('x509', '-req', '-in', csrFile, ...signer, ...terms, '-out', certFile);
      return { certFile, keyFile };
    },
  };
}
