// Where files go that can never be sent or read, bounded and with their reason; nothing comes back out by itself.
import type { DurableFolder } from '../support/durable-file.ts';
import { errorCode, errorMessage } from '../support/errors.ts';
import type { Log } from '../support/log.ts';
import { parseEntryFileName } from './entry-file.ts';

/** Its folder's name inside the outbox folder. */
export const QUARANTINE_NAME = 'quarantine';

export interface Quarantine {
  /** Moves `name` here. Never rejects: what cannot be moved stays where it is and is reported. */
  take(from: DurableFolder, file: QuarantinedFile): Promise<void>;
  count(): number;
}

export interface QuarantinedFile {
  readonly name: string;
  readonly requestId?: string;
  readonly bytes: number;
  readonly reason: string;
}

/** `maxFiles`: the oldest goes beyond that, as a recorded drop; -1 = no bound. */
export async function openQuarantine(folder: DurableFolder, maxFiles: number, log: Log): Promise<Quarantine> {
  const names = new Set(await folder.list());
  return {
    count: () => names.size,
    async take(from, { name, requestId, bytes, reason }) {
      try {
        await from.move(name, folder);
        names.add(name);
        log.warn('request.quarantined', { requestId, bytes, file: name, reason });
        if (maxFiles >= 0) await removeOverflow(folder, { names, maxFiles }, log);
      } catch (error) {
        const detail = `${errorCode(error) ?? 'unknown'}: ${errorMessage(error)}`;
        log.error('request.quarantined', { requestId, bytes, file: name, reason, notMoved: detail });
      }
    },
  };
}

async function removeOverflow(
  folder: DurableFolder,
  { names, maxFiles }: { names: Set<string>; maxFiles: number },
  log: Log,
): Promise<void> {
  for (const name of [...names].sort()) {
    if (names.size <= maxFiles) return;
    if (!(await removeFile(folder, name))) continue;
    names.delete(name);
    const { requestId, bytes } = parseEntryFileName(name) ?? {};
    log.warn('request.dropped', { requestId, bytes, file: name, reason: 'quarantineFull', accepted: true });
  }
}

/** False for a folder: somebody made it by hand, and what is in it is theirs. */
async function removeFile(folder: DurableFolder, name: string): Promise<boolean> {
  try {
    await folder.remove(name);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EISDIR') return false; // unlink(2) on Linux
    throw error;
  }
}
