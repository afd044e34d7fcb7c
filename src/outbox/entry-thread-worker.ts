// The thread of the entries: waits for the disk so that nobody else has to. It decides nothing, and a bug here ends the process.
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { readRegularBlocking } from '../support/blocking-files.ts';
import { removeIfThere } from '../support/durable-file.ts';
import { checked, goneOrThrow, maxFileBytes, roomIn, type Loaded } from './entry-disk.ts';
import { entryFileName } from './entry-file.ts';
import {
  faultOf,
  type Answers,
  type EntryFolder,
  type Jobs,
  type LoadJob,
  type Outcome,
} from './entry-jobs.ts';

const { path, ownerUid } = workerData as EntryFolder;

parentPort?.on('message', (jobs: Jobs) => {
  if (jobs.kind === 'load') {
    const outcomes = jobs.loads.map(loadedOrFailed);
    const memory = outcomes.flatMap((one) => (one.kind === 'done' ? (one.result.memory ?? []) : []));
    say({ kind: 'loaded', outcomes }, memory);
  } else {
    // Side by side, unlike the reads: each may wait for the file system's journal (0.2 to 2 ms), and several wait as long as one.
    void Promise.all(jobs.names.map(removedOrFailed)).then((outcomes) => {
      say({ kind: 'removed', outcomes });
    });
  }
});
parentPort?.postMessage('ready');

function say(answers: Answers, memory: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(answers, memory);
}

function loadedOrFailed(job: LoadJob): Outcome<Loaded> {
  try {
    return { kind: 'done', result: load(job) };
  } catch (error) {
    return faultOf(error);
  }
}

function load({ entry, spare }: LoadJob): Loaded {
  const wanted = { maxBytes: maxFileBytes(entry), ownerUid, room: roomIn(spare) };
  try {
    return checked(readRegularBlocking(join(path, entryFileName(entry)), wanted), entry);
  } catch (error) {
    return goneOrThrow(error);
  }
}

async function removedOrFailed(name: string): Promise<Outcome<undefined>> {
  try {
    await removeIfThere(join(path, name));
    return { kind: 'done', result: undefined };
  } catch (error) {
    return faultOf(error);
  }
}
