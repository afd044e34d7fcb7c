// Looks at certificate, key and password files before a connection needs them; what it finds, it only tells.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { errorMessage } from '../support/errors.ts';
import { readBoundedFile } from '../support/files.ts';
import { chmodCommand, RIGHTS_ALLOWED, wideRights, type Reader } from './secret-file.ts';
import { PEM_BYTES_MAX, type TlsOptions } from './tls-options.ts';

export interface TlsFiles extends Pick<TlsOptions, 'caFile' | 'certFile' | 'keyFile'> {
  readonly passwordFile?: string;
}

/**
 * One thing that will keep the device off its broker, now or soon. Never a reason to refuse a configuration: files change
 * without it, are read afresh at each connection, and a picture taken meanwhile is kept.
 */
export interface TlsFinding {
  readonly key: 'mqtt.tls.caFile' | 'mqtt.tls.certFile' | 'mqtt.tls.keyFile' | 'mqtt.passwordFile';
  readonly path: string;
  /** `broken`: no connection now; `soon`: the certificate ends within 30 days. */
  readonly kind: 'broken' | 'soon';
  readonly found: string;
  readonly remedy: string;
}

const CREDENTIALS_FOLDER = '/run/credentials/';
const SOON_MS = 30 * 24 * 3600 * 1000;

/** `now` is the wall clock; dates say nothing while it is not synchronised, and are then left out. Never rejects. */
export async function checkTlsFiles(
  files: TlsFiles,
  {
    now,
    clockSynchronised,
    reader,
  }: { readonly now: Date; readonly clockSynchronised: boolean; readonly reader?: Reader },
): Promise<readonly TlsFinding[]> {
  const [ca, certificate, key, password] = await Promise.all([
    look('mqtt.tls.caFile', files.caFile, reader),
    look('mqtt.tls.certFile', files.certFile, reader),
    look('mqtt.tls.keyFile', files.keyFile, reader),
    look('mqtt.passwordFile', files.passwordFile, reader),
  ]);
  const dates = clockSynchronised ? now : undefined;
  return [
    ...ca.findings,
    ...certificateFindings(ca, dates),
    ...certificate.findings,
    ...certificateFindings(certificate, dates),
    ...key.findings,
    ...keyFindings(key, certificate),
    ...password.findings,
  ];
}

/** The last day of the first certificate in a file; `undefined` where there is none that can be read. */
export async function certificateEnd(path: string): Promise<Date | undefined> {
  const file = await readBoundedFile(path, PEM_BYTES_MAX);
  const certificate =
    file.kind === 'read' ? parsed(() => new X509Certificate(Buffer.from(file.bytes))) : undefined;
  return certificate !== undefined && 'value' in certificate
    ? new Date(certificate.value.validTo)
    : undefined;
}

interface Looked {
  readonly key: TlsFinding['key'];
  readonly path: string;
  readonly bytes: Buffer | undefined;
  readonly findings: readonly TlsFinding[];
}

async function look(
  key: TlsFinding['key'],
  path: string | undefined,
  reader: Reader | undefined,
): Promise<Looked> {
  if (path === undefined) return { key, path: '', bytes: undefined, findings: [] };
  const file = await readBoundedFile(path, PEM_BYTES_MAX);
  const broken = (found: string, remedy: string): TlsFinding => ({
    key,
    path,
    kind: 'broken',
    found,
    remedy,
  });
  if (file.kind !== 'read') {
    const found = file.kind === 'failed' ? `it cannot be read: ${file.code}` : `it is ${file.kind}`;
    const remedy = path.startsWith(CREDENTIALS_FOLDER)
      ? 'systemd lays it there while the unit runs, for the unit alone (LoadCredential=)'
      : 'put a file there that this user may read';
    return { key, path, bytes: undefined, findings: [broken(found, remedy)] };
  }
  const isSecret = key === 'mqtt.tls.keyFile' || key === 'mqtt.passwordFile';
  const wide = isSecret ? wideRights(file) : undefined;
  const findings =
    wide === undefined
      ? []
      : [broken(`${wide}; ${RIGHTS_ALLOWED}`, `run: ${chmodCommand(path, file, reader)}`)];
  return { key, path, bytes: Buffer.from(file.bytes), findings };
}

/** Of the first certificate in the file; the authority's and the device's have dates alike. */
function certificateFindings({ key, path, bytes }: Looked, now: Date | undefined): readonly TlsFinding[] {
  if (bytes === undefined) return [];
  const certificate = parsed(() => new X509Certificate(bytes));
  if ('problem' in certificate)
    return [{ key, path, kind: 'broken', found: certificate.problem, remedy: 'put a PEM certificate there' }];
  if (now === undefined) return [];
  const { validFrom, validTo } = certificate.value;
  const [fromMs, toMs] = [Date.parse(validFrom), Date.parse(validTo)];
  if (now.getTime() < fromMs)
    return [
      {
        key,
        path,
        kind: 'broken',
        found: `it is not valid before ${validFrom}`,
        remedy: 'wait, or replace it',
      },
    ];
  if (now.getTime() > toMs)
    return [{ key, path, kind: 'broken', found: `it expired on ${validTo}`, remedy: 'renew it' }];
  return toMs - now.getTime() < SOON_MS
    ? [{ key, path, kind: 'soon', found: `it expires on ${validTo}`, remedy: 'renew it before that day' }]
    : [];
}

function keyFindings(key: Looked, certificate: Looked): readonly TlsFinding[] {
  const { bytes } = key;
  if (bytes === undefined) return [];
  const finding = (found: string, remedy: string): readonly TlsFinding[] => [
    { key: key.key, path: key.path, kind: 'broken', found, remedy },
  ];
  const privateKey = parsed(() => createPrivateKey(bytes));
  if ('problem' in privateKey) return finding(privateKey.problem, 'put a PEM key without a passphrase there');
  const { bytes: certificateBytes } = certificate;
  if (certificateBytes === undefined) return [];
  const own = parsed(() => new X509Certificate(certificateBytes));
  return 'problem' in own || own.value.checkPrivateKey(privateKey.value)
    ? []
    : finding(`it is not the key of ${certificate.path}`, 'take certificate and key from the same set');
}

function parsed<T>(parse: () => T): { readonly value: T } | { readonly problem: string } {
  try {
    return { value: parse() };
  } catch (error) {
    return { problem: `it does not parse (${errorMessage(error)})` };
  }
}
