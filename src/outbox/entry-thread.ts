// A thread that does the blocking work on entries' files, and the messages to it, many jobs in one. It decides nothing.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Entry } from '../domain.ts';
import type { EntryDisk, Loaded } from './entry-disk.ts';
import {
  errorOf,
  type Answers,
  type EntryFolder,
  type Jobs,
  type LoadJob,
  type Outcome,
} from './entry-jobs.ts';

export interface EntryThread extends EntryDisk {
  /** Resolves once all that was asked is answered and the thread has ended; nothing may be asked afterwards. */
  end(): Promise<void>;
}

/** Resolves when it is at work; rejects where the system has no room for a thread. */
export async function startEntryThread({ path, ownerUid }: EntryFolder): Promise<EntryThread> {
  const workerData: EntryFolder = { path, ownerUid };
  const worker = new Worker(new URL('./entry-thread-worker.js', import.meta.url), { workerData });
  await once(worker, 'message');
  return new Thread(worker);
}

class Thread implements EntryThread {
  readonly #worker: Worker;
  readonly #loads: Lane<LoadJob, Loaded>;
  readonly #removals: Lane<string, undefined>;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#loads = new Lane((loads) => {
      this.#post(
        { kind: 'load', loads },
        loads.flatMap(({ spare }) => spare ?? []),
      );
    });
    this.#removals = new Lane((names) => {
      this.#post({ kind: 'remove', names });
    });
    worker.on('message', (answers: Answers) => {
      if (answers.kind === 'loaded') this.#loads.answered(answers.outcomes);
      else this.#removals.answered(answers.outcomes);
      if (this.#isIdle()) worker.unref();
    });
    // What it cannot answer is a bug, and ends the process.
    worker.on('error', (error) => {
      throw error;
    });
    worker.unref();
  }

  load(entry: Entry, spare?: ArrayBuffer): Promise<Loaded> {
    return this.#loads.ask({ entry, spare });
  }

  remove(name: string): Promise<void> {
    return this.#removals.ask(name);
  }

  async end(): Promise<void> {
    while (!this.#isIdle()) await once(this.#worker, 'message');
    await this.#worker.terminate();
  }

  #post(jobs: Jobs, memory: readonly ArrayBuffer[] = []): void {
    this.#worker.ref(); // as long as an answer is awaited
    this.#worker.postMessage(jobs, memory);
  }

  #isIdle(): boolean {
    return this.#loads.isIdle() && this.#removals.isIdle();
  }
}

interface Asked<Job, Result> {
  readonly job: Job;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One message at a time is under way, and what is asked meanwhile goes with the next: a message and its answer cost the
 * main thread 20 us, a call through the thread pool 40 us (measured).
 */
class Lane<Job, Result> {
  readonly #send: (jobs: readonly Job[]) => void;
  #waiting: Asked<Job, Result>[] = [];
  #underWay: readonly Asked<Job, Result>[] = [];

  constructor(send: (jobs: readonly Job[]) => void) {
    this.#send = send;
  }

  ask(job: Job): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      // After whoever asks for several has asked for all.
      if (this.#underWay.length === 0 && this.#waiting.length === 1) {
        queueMicrotask(() => {
          this.#sendNext();
        });
      }
    });
  }

  /** In the order of their jobs. */
  answered(outcomes: readonly Outcome<Result>[]): void {
    const asked = this.#underWay;
    this.#underWay = [];
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.kind === 'done') asked[at]?.resolve(outcome.result);
      else asked[at]?.reject(errorOf(outcome));
    }
    if (this.#waiting.length > 0) this.#sendNext();
  }

  isIdle(): boolean {
    return this.#waiting.length === 0 && this.#underWay.length === 0;
  }

  #sendNext(): void {
    this.#underWay = this.#waiting;
    this.#waiting = [];
    this.#send(this.#underWay.map(({ job }) => job));
  }
}
