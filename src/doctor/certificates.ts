// Certificates, key and password file of the way to the broker: dates, rights, and who may read them. It renews nothing.
import type { Config } from '../config/schema.ts';
import { brokerSettings } from '../config/stage-settings.ts';
import { certificateEnd, checkTlsFiles, type TlsFiles } from '../mqtt/check-tls.ts';
import { parseBrokerUrl } from '../mqtt/stream.ts';
import type { Walk } from '../mqtt/walk.ts';
import { barrier, type Person } from '../support/access-rights.ts';
import { fileFacts } from '../support/file-facts.ts';
import type { Machine } from '../support/machine.ts';
import { findingsOf, type Finding } from './finding.ts';
import type { Eyes } from './surroundings.ts';

const { ok, warn, fail } = findingsOf('certificates');

const DAY_MS = 24 * 3600 * 1000;
const SOON_DAYS = 30;
const CREDENTIALS = '/run/credentials/';

export interface CertificateDeps {
  readonly now: Date;
  readonly clockSynchronised: boolean;
  readonly machine: Machine;
  readonly eyes: Eyes;
}

export async function lookAtCertificates(
  config: Config,
  { now, clockSynchronised, machine, eyes }: CertificateDeps,
): Promise<readonly Finding[]> {
  const { url, tls, passwordFile } = brokerSettings(config);
  const isSecure = ['mqtts', 'wss'].includes(parseBrokerUrl(url).protocol);
  const files = { ...(isSecure ? tls : {}), ...(passwordFile === undefined ? {} : { passwordFile }) };
  if (!isSecure && passwordFile === undefined)
    return [ok(`none are used: ${url} is neither encrypted nor asks for a password`)];
  // Whatever the clock is worth: an expired certificate is one also by a clock that is late.
  const found = await checkTlsFiles(files, { now, clockSynchronised: true, reader: reader(eyes, machine) });
  const doubt = clockSynchronised ? '' : ' by the clock of this machine, which is not synchronised';
  const findings = found.map(({ key, path, kind, found: what, remedy }) =>
    (kind === 'soon' ? warn : fail)(
      `${key} ${path}: ${what}${/valid|expire/.test(what) ? doubt : ''}`,
      remedy,
    ),
  );
  const troubled = new Set(found.map(({ path }) => path));
  return [...(await good(files, { now, troubled })), ...findings, ...(await outOfReach(files, eyes))];
}

/** Of the certificate that the broker showed, where the way came so far. */
export function judgeBrokerCertificate({ certificateEnds }: Walk, now: Date): readonly Finding[] {
  if (certificateEnds === undefined) return [];
  const days = daysUntil(certificateEnds, now);
  const what = `the broker's own certificate ${endsIn(certificateEnds, now)}`;
  return [days < SOON_DAYS ? warn(what, 'renew it in the broker before that day') : ok(what)];
}

/** A chmod has to leave the daemon's rights. */
function reader({ self, service }: Eyes, machine: Machine): Pick<Machine, 'userId' | 'groupIds'> {
  const { userId, groupIds } = service ?? self;
  return userId < 0 ? machine : { userId, groupIds };
}

async function good(
  files: TlsFiles,
  { now, troubled }: { readonly now: Date; readonly troubled: ReadonlySet<string> },
): Promise<readonly Finding[]> {
  const dated = [
    ['mqtt.tls.caFile', files.caFile],
    ['mqtt.tls.certFile', files.certFile],
  ] as const;
  const findings: Finding[] = [];
  for (const [key, path] of dated) {
    if (path === undefined || troubled.has(path)) continue;
    const end = await certificateEnd(path);
    if (end !== undefined) findings.push(ok(`${key} ${path} ${endsIn(end, now)}`));
  }
  const { keyFile, passwordFile } = files;
  if (keyFile !== undefined && !troubled.has(keyFile))
    findings.push(ok(`mqtt.tls.keyFile ${keyFile} fits its certificate, and nobody else may read it`));
  if (passwordFile !== undefined && !troubled.has(passwordFile))
    findings.push(ok(`mqtt.passwordFile ${passwordFile}: nobody else may read it`));
  return findings;
}

/** What systemd lays out for the unit is the unit's, whatever its bits. */
async function outOfReach(files: TlsFiles, { service }: Eyes): Promise<readonly Finding[]> {
  if (service === undefined) return [];
  const named = [files.caFile, files.certFile, files.keyFile, files.passwordFile];
  const paths = named.filter((path) => path !== undefined).filter((path) => !path.startsWith(CREDENTIALS));
  const barriers = await Promise.all(paths.map((path) => barrier(service, path, 'read')));
  const each = [...new Set(barriers.filter((at) => at !== undefined))];
  return Promise.all(each.map((at) => unreadable(service, at)));
}

async function unreadable({ name }: Person, at: string): Promise<Finding> {
  const mode = (await fileFacts(at))?.kind === 'folder' ? '750' : '640';
  return fail(
    `user ${name} of the service may not read ${at}`,
    `run: sudo chgrp ${name} ${at} && sudo chmod ${mode} ${at}; or hand the files over as credentials of systemd (README)`,
  );
}

function endsIn(end: Date, now: Date): string {
  return `ends in ${String(daysUntil(end, now))} days (${end.toISOString().slice(0, 10)})`;
}

function daysUntil(end: Date, now: Date): number {
  return Math.floor((end.getTime() - now.getTime()) / DAY_MS);
}
