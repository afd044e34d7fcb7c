// Says in words what is wrong with the certificate, key and password files of a configuration; it refuses nothing.
import { createClockSync } from '../support/clock-sync.ts';
import type { Clock } from '../support/clock.ts';
import { searchPath, type Machine } from '../support/machine.ts';
import { createRunProcess } from '../support/run-process.ts';
import { checkTlsFiles } from './check-tls.ts';
import type { BrokerSettings } from './open-link.ts';
import { parseBrokerUrl } from './stream.ts';

/**
 * One sentence a finding, none where all is well or no file is named. Dates count only where the clock of this machine is
 * synchronised, which is looked up once. Never rejects.
 */
export async function tlsWarnings(
  { url, tls, passwordFile }: Pick<BrokerSettings, 'url' | 'tls' | 'passwordFile'>,
  { clock, machine }: { readonly clock: Clock; readonly machine: Machine },
): Promise<readonly string[]> {
  const isSecure = ['mqtts', 'wss'].includes(parseBrokerUrl(url).protocol);
  const files = { ...(isSecure ? tls : {}), ...(passwordFile === undefined ? {} : { passwordFile }) };
  if (Object.keys(files).length === 0) return [];
  const run = createRunProcess({ clock, kill: machine.kill });
  const sync = createClockSync({ clock, run, searchPath: searchPath(machine) });
  await sync.look();
  const now = { now: clock.now(), clockSynchronised: sync.synchronised() };
  const findings = await checkTlsFiles(files, { ...now, reader: machine });
  return findings.map(({ key, path, found, remedy }) => `${key} ${path}: ${found}; ${remedy}`);
}
