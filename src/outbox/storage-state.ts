// Whether the disk works, as one lasting state with a beginning and an end, and the work that a broken disk left undone.
import { sleep, type Clock } from '../support/clock.ts';
import { errorCode, errorMessage } from '../support/errors.ts';
import type { Log } from '../support/log.ts';

export type StorageOperation = 'store' | 'read' | 'remove' | 'quarantine';

/** Something that has to happen on the disk in the end; done twice is harmless. */
export interface Task {
  readonly name: string;
  readonly operation: StorageOperation;
  /** Of the entry whose file it is about. */
  readonly bytes: number;
  readonly work: () => Promise<void>;
}

export interface StorageStateDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly directory: string;
  /** Rejects as long as the disk does not take files of so many bytes. */
  readonly probe: (bytes: number) => Promise<void>;
}

// Normal work has to be back within 10 s of the fault's end.
const PROBE_INTERVAL_MS = 5000;

/** Logs `storage.failing` when the first operation fails and `storage.recovered` when every kind that failed works. */
export class StorageState {
  readonly #deps: StorageStateDeps;
  readonly #failing = new Set<StorageOperation>();
  readonly #undone = new Map<string, Task>();
  readonly #closing = new AbortController();
  #probing: Promise<void> | undefined;
  #probeBytes = 0;
  #sinceMs = 0;

  constructor(deps: StorageStateDeps) {
    this.#deps = deps;
  }

  /** `bytes`: of the file that could not be written; a disk that takes less has not recovered. */
  failed(operation: StorageOperation, error: unknown, bytes = 0): void {
    const { clock, log, directory } = this.#deps;
    if (this.#failing.size === 0) {
      const code = errorCode(error) ?? 'unknown';
      const remedy = REMEDIES[code] ?? `see \`dmesg\` and the owner of ${directory}`;
      this.#sinceMs = clock.monotonicMs();
      log.error('storage.failing', { operation, code, detail: errorMessage(error), remedy });
    }
    this.#failing.add(operation);
    this.#probeBytes = Math.max(this.#probeBytes, bytes);
    // What cannot be read is tried again by its reader; a file that we write says nothing about it.
    if (operation !== 'read') this.#probing ??= this.#probeUntilItWorks();
  }

  worked(operation: StorageOperation): void {
    if (!this.#failing.delete(operation) || this.#failing.size > 0) return;
    const { clock, log } = this.#deps;
    log.info('storage.recovered', { afterMs: Math.round(clock.monotonicMs() - this.#sinceMs) });
    this.#probeBytes = 0;
  }

  /** Does it now, or with a later probe. Never rejects. */
  async finish(task: Task): Promise<void> {
    try {
      await task.work();
      this.#undone.delete(task.name);
    } catch (error) {
      this.#undone.set(task.name, task);
      this.failed(task.operation, error);
    }
  }

  /** Files that should be gone, but are still there. */
  undone(operation: StorageOperation): { readonly entries: number; readonly bytes: number } {
    const tasks = [...this.#undone.values()].filter((task) => task.operation === operation && task.bytes > 0);
    return { entries: tasks.length, bytes: tasks.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  async stop(): Promise<void> {
    this.#closing.abort();
    await this.#probing;
  }

  async #probeUntilItWorks(): Promise<void> {
    const { clock } = this.#deps;
    while ((await sleep(clock, PROBE_INTERVAL_MS, this.#closing.signal)) === 'elapsed') {
      if (await this.#probe()) break;
    }
    this.#probing = undefined;
  }

  async #probe(): Promise<boolean> {
    try {
      await this.#deps.probe(this.#probeBytes);
    } catch {
      return false; // the state was logged when it began, and still lasts
    }
    this.worked('store');
    for (const task of [...this.#undone.values()]) await this.finish(task);
    if (this.#undone.size > 0) return false;
    this.worked('remove');
    this.worked('quarantine');
    return true;
  }
}

const DISK_BROKEN = 'see `dmesg`; save what you need and replace the card';
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'make room on the disk (df and df -i tell), or lower outbox.maxBytes',
  EDQUOT: 'make room in the quota of the user that runs shutterd',
  EROFS: `the disk is read-only: ${DISK_BROKEN}, or mount it read-write again`,
  EIO: `the disk fails: ${DISK_BROKEN}`,
  EMFILE: 'restart shutterd and report what used up its descriptors (ls /proc/PID/fd)',
  ENFILE: 'find the program that used up the descriptors of the machine (lsof)',
};
