// What a durable `add` costs above the bare system calls that it cannot do without, side by side on the same disk, and
// what a start costs on a large backlog.
import { constants } from 'node:fs';
import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Outbox, Request } from '../../src/domain.ts';
import { entryFileName } from '../../src/outbox/entry-file.ts';
import { EntryIndex } from '../../src/outbox/entry-index.ts';
import { openOutbox } from '../../src/outbox/open-outbox.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createLog } from '../../src/support/log.ts';
import { createRandom } from '../../src/support/random.ts';
import { createRunProcess } from '../../src/support/run-process.ts';
import { percentile, row, timed, type Bench, type Row } from './rows.ts';

const PAYLOAD_BYTES = 128_000;
const SAMPLES = { quick: 30, full: 200 };
const BACKLOG = { quick: 10_000, full: 100_000 };

export async function measureOutbox(bench: Bench): Promise<readonly Row[]> {
  return [...(await measureAdd(bench)), ...(await measureBigStart(bench)), ...(await measureIndex(bench))];
}

async function measureAdd({ scope, rounds, say }: Bench): Promise<readonly Row[]> {
  say('outbox');
  const outbox = await outboxIn(await scope.folder(), say);
  scope.defer(() => outbox.close());
  const bareFolder = await scope.folder();
  const random = createRandom();
  const payload = Buffer.alloc(PAYLOAD_BYTES, 'A');
  const adds: number[] = [];
  const bare: number[] = [];
  const written: number[] = [];
  // In turn, so that a disk that is busy for a while is so for both.
  for (let at = 0; at < SAMPLES[rounds]; at += 1) {
    const request: Request = {
      ...{ requestId: random.uuid(), payload, contentType: 'application/json' },
      capturedAt: '2031-05-06T07:08:09.010Z',
    };
    const before = await writtenBytes();
    adds.push(await timed(() => addOrThrow(outbox, request)));
    written.push(((await writtenBytes()) - before) / PAYLOAD_BYTES);
    bare.push(await timed(() => writeBare(bareFolder, String(at), payload)));
  }
  const ratio = percentile(adds, 50) / percentile(bare, 50);
  return [
    row('outbox add, 128000 bytes', 'ms', adds),
    row('write, fdatasync, rename, fsync', 'ms', bare),
    row('outbox add against the bare calls', 'times', [ratio]),
    // Without what the file system writes on its own behalf: inodes, folders and their journal.
    row('bytes given to the disk an add, of payload', 'times', written),
  ];
}

/** Start on a folder as a long outage leaves it; the bodies are read when they are sent, so that none is there. */
async function measureBigStart({ scope, rounds, say }: Bench): Promise<readonly Row[]> {
  const entries = BACKLOG[rounds];
  say(`outbox with ${entries} entries`);
  const directory = await scope.folder();
  const random = createRandom();
  for (let sequence = 1; sequence <= entries; sequence += 1) {
    const entry = { sequence, requestId: random.uuid(), bytes: PAYLOAD_BYTES };
    await writeFile(join(directory, entryFileName(entry)), '');
  }
  const collect = garbageCollector();
  const times: number[] = [];
  const kept: number[] = [];
  for (let at = 0; at < 3; at += 1) {
    const before = collect();
    let outbox: Outbox | undefined;
    times.push(
      await timed(async () => {
        outbox = await outboxIn(directory, say);
      }),
    );
    kept.push((collect() - before) / 1e6);
    await outbox?.close();
  }
  return [
    row(`outbox start with ${entries} entries`, 'ms', times),
    row(`memory that ${entries} entries keep`, 'MB', kept),
  ];
}

/** Collects the garbage of this process; the bytes of its heap that are left. */
function garbageCollector(): () => number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
}

/** What it costs to find and forget the oldest one after the other; ten times as many take ten times as long. */
async function measureIndex({ rounds, say }: Bench): Promise<readonly Row[]> {
  const many = BACKLOG[rounds];
  say(`index of ${many} entries`);
  const few: number[] = [];
  const all: number[] = [];
  for (let at = 0; at < 5; at += 1) {
    few.push(await timed(() => drainIndex(many / 10)));
    all.push(await timed(() => drainIndex(many)));
  }
  const ratio = percentile(all, 50) / percentile(few, 50) / 10;
  return [
    row(`index: ${many} entries in and out`, 'ms', all),
    row(`index: an entry of ${many} against one of ${many / 10}`, 'times', [ratio]),
  ];
}

function drainIndex(entries: number): Promise<void> {
  const index = new EntryIndex();
  const requestId = createRandom().uuid();
  for (let sequence = 1; sequence <= entries; sequence += 1) {
    index.add({ sequence, requestId, bytes: PAYLOAD_BYTES });
  }
  for (let entry = index.next(0); entry !== undefined; entry = index.next(0)) index.delete(entry);
  return Promise.resolve();
}

/** What this process has given to block devices so far (proc_pid_io(5)); nothing where the folder is in memory. */
async function writtenBytes(): Promise<number> {
  return Number(/^write_bytes: (\d+)$/m.exec(await readFile('/proc/self/io', 'utf8'))?.[1]);
}

async function outboxIn(directory: string, say: (text: string) => void): Promise<Outbox> {
  const clock = createSystemClock();
  const opened = await openOutbox({
    ...{
      directory,
      clock,
      clockSynchronised: () => true,
      searchPath: process.env['PATH'] ?? '/usr/bin:/bin',
    },
    bounds: { maxEntries: -1, maxBytes: -1, maxAgeSeconds: 0, minFreeBytes: 0, whenFull: 'dropNewest' },
    log: createLog({ level: 'warn', format: 'json', journald: false, write: say }),
    run: createRunProcess({ clock, kill: (pid, signal) => process.kill(pid, signal) }),
  });
  if (opened.kind !== 'open') throw new Error(`Cannot measure outbox: it is ${opened.kind}`);
  return opened.outbox;
}

async function addOrThrow(outbox: Outbox, request: Request): Promise<void> {
  const outcome = await outbox.add(request, { online: true });
  if (outcome.kind !== 'stored') throw new Error(`Cannot measure outbox: an add was ${outcome.kind}`);
}

/** The least that makes a new file survive a power cut. */
async function writeBare(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(folder, `.${name}`);
  const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  await handle.write(bytes);
  await handle.datasync();
  await handle.close();
  await rename(temporary, join(folder, name));
  const directory = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  await directory.sync();
  await directory.close();
}
