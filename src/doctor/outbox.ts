// The outbox: what waits, what was set aside, who holds it, and whether its disk takes a file. Entries are not touched.
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { listOutbox, type KeptFile } from '../outbox/inspect-folder.ts';
import { foreignFolder } from '../outbox/outbox-place.ts';
import { barrier } from '../support/access-rights.ts';
import { openDurableFolder } from '../support/durable-file.ts';
import { errorCode, errorMessage, OperatingError } from '../support/errors.ts';
import { fileFacts } from '../support/file-facts.ts';
import { removeWhole } from '../support/files.ts';
import { findingsOf, type Finding } from './finding.ts';
import type { DaemonState, Eyes } from './surroundings.ts';

const { ok, warn, fail } = findingsOf('outbox');

/** Of an entry of the usual size. */
const TRIAL_BYTES = 128_000;
/** Hidden names are no entries, and in a folder of its own nothing of the daemon's is near. */
const TRIAL_FOLDER = '.doctor';

export async function lookAtOutbox(
  { directory, maxEntries }: Pick<Config['outbox'], 'directory' | 'maxEntries'>,
  { eyes, daemon }: { readonly eyes: Eyes; readonly daemon: DaemonState },
): Promise<readonly Finding[]> {
  const listed = await list(directory, maxEntries);
  if (listed.kind !== 'there') return [listed.finding];
  const foreign = await foreignFolder(directory);
  if (foreign !== undefined) return [fail(`${directory} is no outbox: ${foreign}`, 'set outbox.directory')];
  return [...listed.findings, ...(await owner(directory, eyes)), ...(await works(directory, daemon))];
}

type Listed =
  | { readonly kind: 'there'; readonly findings: readonly Finding[] }
  | { readonly kind: 'absent' | 'denied'; readonly finding: Finding };

async function list(directory: string, maxEntries: number): Promise<Listed> {
  try {
    const listing = await listOutbox(directory);
    if (listing.kind === 'absent')
      return {
        kind: 'absent',
        finding: ok(`${directory} is not there yet: the daemon makes it at its first start`),
      };
    return {
      kind: 'there',
      findings: [waiting(directory, listing.outbox, maxEntries), ...aside(listing.quarantine)],
    };
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    const finding =
      error.code === 'EACCES'
        ? warn(`this user may not look into ${directory}`, 'run: sudo shutterd doctor')
        : fail(error.message, 'set outbox.directory to a folder that the service may write to');
    return { kind: 'denied', finding };
  }
}

function waiting(directory: string, files: readonly KeptFile[], maxEntries: number): Finding {
  const bytes = files.reduce((sum, { entry }) => sum + (entry?.bytes ?? 0), 0);
  const what = `${directory}: ${counted(files.length)} waiting, ${String(bytes)} bytes`;
  return maxEntries > 0 && files.length >= maxEntries
    ? fail(
        `${what}: it is full (outbox.maxEntries ${String(maxEntries)})`,
        'let the daemon reach the broker, or raise outbox.maxEntries',
      )
    : ok(what);
}

function aside({ length }: readonly KeptFile[]): readonly Finding[] {
  return length === 0
    ? []
    : [
        warn(
          `${counted(length)} set aside in quarantine`,
          'shutterd outbox list says why; retry sends one again, purge throws them away',
        ),
      ];
}

function counted(count: number): string {
  return count === 1 ? '1 request' : `${String(count)} requests`;
}

/** Seen with the eyes of the one who has to write there. */
async function owner(directory: string, { service }: Eyes): Promise<readonly Finding[]> {
  if (service === undefined || service.userId < 0) return [];
  const facts = await fileFacts(directory);
  if (facts?.ownerUid === service.userId || (await barrier(service, directory, 'readAndWrite')) === undefined)
    return [];
  return [
    fail(
      `user ${service.name} of the service may not write to ${directory}`,
      `run: sudo chown -R ${service.name}: ${directory}`,
    ),
  ];
}

async function works(directory: string, daemon: DaemonState): Promise<readonly Finding[]> {
  if (daemon.kind === 'runs') {
    const pid = daemon.pid === undefined ? '' : ` (process ${String(daemon.pid)})`;
    return [ok(`a running daemon${pid} holds it: nothing is written for a trial`)];
  }
  const trial = join(directory, TRIAL_FOLDER);
  try {
    await (await openDurableFolder(trial)).probe(TRIAL_BYTES);
    return [ok(`its disk takes a file of ${String(TRIAL_BYTES)} bytes, flushed and removed again`)];
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return [fail(`its disk takes no file: ${errorMessage(error)}`, REMEDIES[code] ?? 'look at dmesg')];
  } finally {
    await removeWhole(trial);
  }
}

const REMEDIES: Readonly<Record<string, string>> = Object.freeze({
  ENOSPC: 'make room on the disk (df and df -i tell), or lower outbox.maxBytes',
  EDQUOT: 'raise the quota of the service, or lower outbox.maxBytes',
  EROFS: 'the disk has gone read-only: look at dmesg; save what you need and replace the card',
  EIO: 'the disk fails: look at dmesg; save what you need and replace the card',
  EACCES: 'run: sudo shutterd doctor, or give this user the folder',
  EPERM: 'run: sudo shutterd doctor, or give this user the folder',
});
