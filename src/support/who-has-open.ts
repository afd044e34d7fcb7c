// Which processes hold a file or device open; of other users' processes only root learns. It touches none of them.
import { join } from 'node:path';
import { fileFacts } from './file-facts.ts';
import { listFolder, readSystemText } from './files.ts';

export interface Holder {
  readonly pid: number;
  /** As the kernel has it: 15 characters at most. */
  readonly name: string;
}

/** Empty also where the file is not there. Never rejects. */
export async function whoHasOpen(path: string, procFolder = '/proc'): Promise<readonly Holder[]> {
  const wanted = (await fileFacts(path))?.identity;
  if (wanted === undefined) return [];
  const pids = (await namesIn(procFolder)).filter((name) => /^\d+$/.test(name));
  const holders: Holder[] = [];
  for (const pid of pids) {
    const folder = join(procFolder, pid, 'fd');
    const open = await Promise.all((await namesIn(folder)).map((name) => fileFacts(join(folder, name))));
    if (!open.some((facts) => facts?.identity === wanted)) continue;
    holders.push({ pid: Number(pid), name: (await readSystemText(join(procFolder, pid, 'comm'))) ?? '?' });
  }
  return holders;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await listFolder(folder);
  } catch {
    return []; // another user's process, or one that has just ended
  }
}
