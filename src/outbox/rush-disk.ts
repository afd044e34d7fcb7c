// Has the thread pool look after entries' files, and in a rush a thread of its own; it knows no order and no bounds.
import type { Entry } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import { errorCode } from '../support/errors.ts';
import type { EntryDisk, Loaded } from './entry-disk.ts';
import type { EntryThread } from './entry-thread.ts';

export interface RushDiskParts {
  readonly clock: Clock;
  readonly pool: EntryDisk;
  readonly startThread: () => Promise<EntryThread>;
}

// A thread has 10 MB and takes 40 ms of processor time to start: for a backlog that goes as fast as the link, not for one
// that is paced, and not for live requests.
const RUSH_LOADS = 32;
const RUSH_MS = 1000;
const IDLE_MS = 60_000;

export class RushDisk implements EntryDisk {
  readonly #parts: RushDiskParts;
  #thread: EntryThread | undefined;
  #starting: Promise<void> | undefined;
  #loads = 0;
  #sinceMs = 0;
  #usedMs = 0;
  #stopTimer: (() => void) | undefined;
  #ended = false;

  constructor(parts: RushDiskParts) {
    this.#parts = parts;
  }

  load(entry: Entry, spare?: ArrayBuffer): Promise<Loaded> {
    this.#count();
    return this.#disk().load(entry, spare);
  }

  remove(name: string): Promise<void> {
    return this.#disk().remove(name);
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#starting;
    await this.#endThread();
  }

  #disk(): EntryDisk {
    return this.#thread ?? this.#parts.pool;
  }

  #count(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    this.#usedMs = nowMs;
    if (nowMs - this.#sinceMs > RUSH_MS) {
      this.#sinceMs = nowMs;
      this.#loads = 0;
    }
    this.#loads += 1;
    if (this.#loads === RUSH_LOADS && !this.#ended) this.#starting ??= this.#start();
  }

  /** Where the system has no room for a thread, the pool goes on alone. */
  async #start(): Promise<void> {
    try {
      this.#thread = await this.#parts.startThread();
      this.#endWhenIdle(IDLE_MS);
    } catch (error) {
      this.#starting = undefined;
      if (!isLackOfRoom(error)) throw error;
    }
  }

  #endWhenIdle(ms: number): void {
    const { clock } = this.#parts;
    this.#stopTimer = clock.timer(ms, () => {
      const leftMs = this.#usedMs + IDLE_MS - clock.monotonicMs();
      if (leftMs > 0) this.#endWhenIdle(leftMs);
      else void this.#endThread();
    });
  }

  async #endThread(): Promise<void> {
    this.#stopTimer?.();
    const thread = this.#thread;
    this.#thread = undefined;
    this.#starting = undefined;
    await thread?.end();
  }
}

/** Of descriptors, memory or threads, said by the system or by Node; anything else is a bug. */
function isLackOfRoom(error: unknown): boolean {
  const code = errorCode(error) ?? '';
  return /^(EMFILE|ENFILE|ENOMEM|EAGAIN|ERR_WORKER_INIT_FAILED|ERR_WORKER_OUT_OF_MEMORY)$/.test(code);
}
