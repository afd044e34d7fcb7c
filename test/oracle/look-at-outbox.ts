// What is in an outbox folder, read without the daemon's own code: the payload is the end of the file, its name says how long.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeptEntry } from './conservation.ts';

const NAME = /^\d{16}\.([0-9a-f-]{36})\.(\d+)\.entry$/;

/** Oldest first. Only while no daemon works in the folder: a file may otherwise go between its name and its content. */
export async function keptIn(outbox: string): Promise<KeptEntry[]> {
  const names = (await namesIn(outbox)).sort();
  const entries = await Promise.all(
    names.map(async (name) => {
      const [, requestId, bytes] = NAME.exec(name) ?? [];
      if (requestId === undefined) return [];
      const payload = (await readFile(join(outbox, name))).subarray(-Number(bytes));
      return [
        { requestId, bytes: payload.length, sha256: createHash('sha256').update(payload).digest('hex') },
      ];
    }),
  );
  return entries.flat();
}

/** Request ids. */
export async function quarantinedIn(outbox: string): Promise<string[]> {
  const names = await namesIn(join(outbox, 'quarantine'));
  return names.flatMap((name) => NAME.exec(name)?.[1] ?? []);
}

/** None where the folder is not there: a daemon killed at its start has not made it. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
