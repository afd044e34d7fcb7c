// Sees whether a killed helper or what it started is still there; it ends nothing.
import { join } from 'node:path';
import { sleep, withDeadline, type Clock } from '../support/clock.ts';
import { listFolder, readSystemText } from '../support/files.ts';

/**
 * Waits a moment for every process that has `word` in its command line to be gone; false where one stays. A process
 * in uninterruptible sleep outlives SIGKILL, and its parent's end does not show it.
 */
export async function waitUntilGone(
  word: string,
  { clock, procFolder = '/proc' }: { readonly clock: Clock; readonly procFolder?: string },
): Promise<boolean> {
  for (let look = 1; look <= LOOKS_MAX; look += 1) {
    const found = await withDeadline(clock, LOOK_MS_MAX, isRunning(word, procFolder));
    if (found.kind === 'done' && !found.value) return true;
    await sleep(clock, LOOK_INTERVAL_MS);
  }
  return false;
}

const LOOKS_MAX = 5;
const LOOK_INTERVAL_MS = 50;
// The command line of a process that hangs while it maps memory cannot be read: then it is there.
const LOOK_MS_MAX = 200;

async function isRunning(word: string, procFolder: string): Promise<boolean> {
  for (const name of await listFolder(procFolder)) {
    if (!/^\d+$/.test(name)) continue;
    const commandLine = await readSystemText(join(procFolder, name, 'cmdline'));
    if (commandLine?.includes(word) === true) return true;
  }
  return false;
}
