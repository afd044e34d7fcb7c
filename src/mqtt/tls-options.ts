// The TLS options of one connection, its files read at that moment; verification is in them always.
import { isIP } from 'node:net';
import { createSecureContext, type ConnectionOptions, type SecureContext } from 'node:tls';
import { OperatingError } from '../support/errors.ts';
import { readBoundedFile } from '../support/files.ts';
import { readSecretFile, type Reader } from './secret-file.ts';

export interface TlsOptions {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  /** Name to send (SNI) and to expect in the certificate; default: the host. */
  readonly serverName?: string;
  /** ALPN protocol names, such as AWS IoT Core's on port 443. */
  readonly alpn?: readonly string[];
  /** Where the system keeps the authorities that it trusts, for want of a `caFile`; the first that can be read counts. */
  readonly systemRoots?: readonly string[];
}

/** Makes a context of what the files hold. */
export type SecureContexts = (files: TlsContents) => SecureContext;

interface TlsContents {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export const PEM_BYTES_MAX = 1024 * 1024;

/** Read afresh for every connection, so that a renewed certificate needs no restart. Rejects with an OperatingError. */
export async function tlsOptions(
  host: string,
  tls: TlsOptions,
  { reader, contexts }: { readonly reader: Reader | undefined; readonly contexts: SecureContexts },
): Promise<ConnectionOptions> {
  const serverName = tls.serverName ?? (isIP(host) === 0 ? host : undefined);
  const ca = await readAuthorities(tls);
  const secureContext = contexts({
    ...(ca === undefined ? {} : { ca }),
    ...(tls.certFile === undefined ? {} : { cert: await readPem('client certificate', tls.certFile) }),
    ...(tls.keyFile === undefined ? {} : { key: await readKey(tls.keyFile, reader) }),
  });
  return {
    rejectUnauthorized: true,
    secureContext,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(tls.alpn === undefined ? {} : { ALPNProtocols: [...tls.alpn] }),
  };
}

/**
 * Gives the last context again while the files hold the same: a system trusts some 140 authorities, and to parse them at each
 * attempt would hold a Pi up for a tenth of a second and more.
 */
export function createSecureContexts(): SecureContexts {
  let last: { readonly files: TlsContents; readonly context: SecureContext } | undefined;
  return (files) => {
    if (last === undefined || !isSame(last.files, files))
      last = { files, context: createSecureContext({ ...files, minVersion: 'TLSv1.2' }) };
    return last.context;
  };
}

// Debian, Fedora, and OpenSSL's own place. Node brings authorities of its own and knows nothing of these, to which
// update-ca-certificates adds that of a house.
const SYSTEM_ROOTS: readonly string[] = Object.freeze([
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
]);

/** `undefined` leaves it to Node's own, on a system that has none. */
async function readAuthorities({
  caFile,
  systemRoots = SYSTEM_ROOTS,
}: TlsOptions): Promise<Buffer | undefined> {
  if (caFile !== undefined) return readPem('certificate authority', caFile);
  for (const path of systemRoots) {
    const file = await readBoundedFile(path, PEM_BYTES_MAX);
    if (file.kind === 'read' && file.bytes.length > 0) return Buffer.from(file.bytes);
  }
  return undefined;
}

function isSame(one: TlsContents, other: TlsContents): boolean {
  const parts = ['ca', 'cert', 'key'] as const;
  return parts.every((part) => {
    const [mine, its] = [one[part], other[part]];
    return mine === undefined || its === undefined ? mine === its : mine.equals(its);
  });
}

async function readPem(what: string, path: string): Promise<Buffer> {
  const file = await readBoundedFile(path, PEM_BYTES_MAX);
  if (file.kind === 'read') return Buffer.from(file.bytes);
  const found = file.kind === 'failed' ? file.code : file.kind;
  throw new OperatingError(`Cannot read ${what} ${path}: ${found}, ${PEM_ALLOWED} is needed`, {
    code: 'TLS_FILE',
  });
}

async function readKey(path: string, reader: Reader | undefined): Promise<Buffer> {
  const codes = { unreadable: 'TLS_FILE', tooWide: 'KEY_FILE_RIGHTS' };
  const secret = { what: 'private key', path, maxBytes: PEM_BYTES_MAX, allowed: PEM_ALLOWED, codes, reader };
  return Buffer.from(await readSecretFile(secret));
}

const PEM_ALLOWED = 'a PEM file that this user may read';
