// Keeps one capture helper warm between captures and ends it, with whatever it started, when it is slow, broken or idle.
import { dirname, join } from 'node:path';
import { orAborted } from '../support/abort.ts';
import { sleep, withDeadline } from '../support/clock.ts';
import { listFolder, removeFile } from '../support/files.ts';
import type { CaptureLimits } from './driver.ts';
import { clearLeftovers, listProcesses } from './leftover-process.ts';
import type { WebcamCall } from './node-webcam-call.ts';
import {
  startHelper,
  type HelperProcess,
  type HelperProcessOptions,
  type HelperReply,
} from './node-webcam-process.ts';

export interface HelperKeeperOptions extends HelperProcessOptions {
  /** How long a helper waits for the next call; -1 for ever, 0 not at all. */
  readonly keepWarmSeconds: number;
  readonly procFolder?: string;
}

export type HelperOutcome =
  | HelperReply
  | { readonly kind: 'timeout' }
  | { readonly kind: 'aborted' }
  /** Something of this or an earlier capture cannot be killed: no helper is started beside it. */
  | { readonly kind: 'wedged' };

export interface HelperKeeper {
  /** One call at a time. Over at the deadline, and at most `KILL_GRACE_MS` of the process group later. */
  ask(call: WebcamCall, limits: CaptureLimits): Promise<HelperOutcome>;
  /** Ends the helper and what it left; the next call would start a new one. */
  close(): Promise<void>;
}

/** Starting Node takes longer than a capture does, so a helper stays for the next one. */
export function createHelperKeeper(options: HelperKeeperOptions): HelperKeeper {
  return new Keeper(options);
}

class Keeper implements HelperKeeper {
  readonly #options: HelperKeeperOptions;
  #helper: HelperProcess | undefined;
  #idle = new AbortController();
  /** The helper that was asked last, and its call: what they left has to be gone before the next call. */
  #last: { readonly helper: HelperProcess; readonly outputPath: string } | undefined;
  /** The processes that were there before the helper: none of them can be of its making. */
  #before: readonly string[] = [];
  #clearing: Promise<'clear' | 'left'> = Promise.resolve('clear');

  constructor(options: HelperKeeperOptions) {
    this.#options = options;
  }

  async ask(call: WebcamCall, { deadlineMs, signal }: CaptureLimits): Promise<HelperOutcome> {
    const { clock, keepWarmSeconds } = this.#options;
    const startMs = clock.monotonicMs();
    this.#idle.abort();
    if ((await this.#clearing) === 'left') this.#clearing = this.#clear();
    if ((await this.#clearing) === 'left') return { kind: 'wedged' };
    const helper = this.#helper ?? (await this.#start());
    this.#last = { helper, outputPath: call.outputPath };
    const leftMs = deadlineMs - (clock.monotonicMs() - startMs);
    const first = await withDeadline(clock, leftMs, orAborted(helper.ask(call), signal));
    const outcome = first.kind === 'done' && first.value.kind === 'done' ? first.value.value : undefined;
    if (outcome !== undefined && outcome.kind !== 'broken') {
      if (keepWarmSeconds === 0) void this.#end(helper);
      else this.#keep(helper);
      return outcome;
    }
    if ((await this.#end(helper)) === 'wedged') return { kind: 'wedged' };
    return outcome ?? { kind: first.kind === 'timeout' ? 'timeout' : 'aborted' };
  }

  async close(): Promise<void> {
    this.#idle.abort();
    if (this.#helper !== undefined) await this.#end(this.#helper);
    await this.#clearing;
  }

  async #start(): Promise<HelperProcess> {
    this.#before = await listProcesses(this.#options.procFolder);
    const helper = startHelper(this.#options);
    this.#helper = helper;
    // Also between two calls: the next one is not to fail for it.
    void helper.ended.then(() => this.#end(helper));
    return helper;
  }

  #keep(helper: HelperProcess): void {
    const { keepWarmSeconds, clock } = this.#options;
    const idle = new AbortController();
    this.#idle = idle;
    this.#clearing = this.#clear();
    if (keepWarmSeconds < 0) return;
    void sleep(clock, keepWarmSeconds * 1000, idle.signal).then((over) =>
      over === 'elapsed' ? this.#end(helper) : undefined,
    );
  }

  /** Harmless for a helper that has been ended before. */
  async #end(helper: HelperProcess): Promise<'gone' | 'wedged'> {
    if (this.#helper !== helper) return 'gone';
    this.#idle.abort();
    this.#helper = undefined;
    const killed = helper.kill();
    this.#clearing = Promise.all([killed, this.#clearing]).then(() => this.#clear());
    return killed;
  }

  async #clear(): Promise<'clear' | 'left'> {
    if (this.#last === undefined) return 'clear';
    const { helper, outputPath } = this.#last;
    const { clock, procFolder } = this.#options;
    const what = await clearLeftovers({
      ...{ mark: helper.mark, groupId: helper.pid, clock },
      // Process ids come round again some day: the last look, when the helper has ended, is at all of them.
      except: this.#helper === helper ? [...this.#before, String(helper.pid)] : [],
      killStray: (pid) => {
        helper.killStray(pid);
      },
      ...(procFolder === undefined ? {} : { procFolder }),
    });
    if (what !== 'nothing') await removePictures(dirname(outputPath));
    return what === 'left' ? 'left' : 'clear';
  }
}

/** Whoever lived on may have written its picture after its capture was over, and it need not be the last one. */
async function removePictures(folder: string): Promise<void> {
  for (const name of await listFolder(folder)) {
    if (PICTURE_NAME.test(name)) await removeFile(join(folder, name));
  }
}

// The fresh names that the driver gives: nothing else in the folder is ours to remove.
const PICTURE_NAME = /^[0-9a-f-]{36}\.jpg$/;
