// Reads and removes entries in a process of its own, by the thread pool or by a thread, while strace breaks or slows the disk.
// It prints what came of each, and how long the main thread stood still.
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { poolDisk, type EntryDisk } from '../../src/outbox/entry-disk.ts';
import { entryFileName, parseEntryFileName } from '../../src/outbox/entry-file.ts';
import { startEntryThread } from '../../src/outbox/entry-thread.ts';
import { openDurableFolder } from '../../src/support/durable-file.ts';

const folder = await openDurableFolder(process.argv[2] ?? '');
const disk: EntryDisk = process.argv[3] === 'thread' ? await startEntryThread(folder) : poolDisk(folder);
const entries = (await folder.list()).flatMap((name) => parseEntryFileName(name) ?? []);
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
for (const entry of entries) {
  say('read', await outcomeOf(async () => (await disk.load(entry)).decoded.kind));
  say('removed', await outcomeOf(() => disk.remove(entryFileName(entry)).then(() => 'done')));
}
delay.disable();
process.stdout.write(`still ${Math.round(delay.max / 1e6)}\n`);
process.exit();

function say(what: string, outcome: string): void {
  process.stdout.write(`${what} ${outcome}\n`);
}

async function outcomeOf(work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    const { message, code, errno, syscall, path } = error as NodeJS.ErrnoException;
    const name = path === undefined ? undefined : join('/', path.slice(folder.path.length));
    return JSON.stringify({ message: message.replace(folder.path, ''), code, errno, syscall, name });
  }
}
