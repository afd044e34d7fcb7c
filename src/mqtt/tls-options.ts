// The TLS options of one connection, its files read at that moment; verification is in them always.
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
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
}

export const PEM_BYTES_MAX = 1024 * 1024;

/** Read afresh for every connection, so that a renewed certificate needs no restart. Rejects with an OperatingError. */
export async function tlsOptions(
  host: string,
  tls: TlsOptions,
  reader: Reader | undefined,
): Promise<ConnectionOptions> {
  const serverName = tls.serverName ?? (isIP(host) === 0 ? host : undefined);
  return {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(tls.alpn === undefined ? {} : { ALPNProtocols: [...tls.alpn] }),
    ...(tls.caFile === undefined ? {} : { ca: await readPem('certificate authority', tls.caFile) }),
    ...(tls.certFile === undefined ? {} : { cert: await readPem('client certificate', tls.certFile) }),
    ...(tls.keyFile === undefined ? {} : { key: await readKey(tls.keyFile, reader) }),
  };
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
