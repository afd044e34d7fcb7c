// Whether a daemon works on this outbox: by who holds its lock open, else by the unit. It takes no lock itself.
import { join } from 'node:path';
import { LOCK_NAME } from '../outbox/reserved-names.ts';
import { fileFacts } from '../support/file-facts.ts';
import { whoHasOpen } from '../support/who-has-open.ts';
import type { DaemonState } from './surroundings.ts';
import type { UnitState } from './unit-facts.ts';

/**
 * Not by trying the lock: a daemon that starts in that moment would take it for another instance and end for good. The
 * daemon keeps its lock file open for as long as it lives.
 */
export async function findDaemon(outboxDirectory: string, state: UnitState): Promise<DaemonState> {
  const lock = join(outboxDirectory, LOCK_NAME);
  const [holder] = await whoHasOpen(lock);
  if (holder !== undefined) return { kind: 'runs', pid: holder.pid };
  if (state.kind === 'unit' && state.unit.installed) {
    const { active, pid } = state.unit;
    if (['active', 'reloading', 'deactivating'].includes(active))
      return { kind: 'runs', ...(pid === undefined ? {} : { pid }) };
    return { kind: 'none' };
  }
  // Where the folder may be looked into, nobody has the lock.
  const visible = (await fileFacts(lock)) !== undefined || (await mayBeSeen(outboxDirectory));
  return { kind: visible ? 'none' : 'unknown' };
}

/** Its absence, or what is in it. */
async function mayBeSeen(directory: string): Promise<boolean> {
  const folder = await fileFacts(directory);
  if (folder === undefined) return true;
  return (await fileFacts(join(directory, '.'))) !== undefined;
}
