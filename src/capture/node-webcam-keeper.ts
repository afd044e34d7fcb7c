// Keeps one capture helper warm between captures and ends it, with whatever it started, when it is slow, broken or idle.
import { orAborted } from '../support/abort.ts';
import { sleep, withDeadline } from '../support/clock.ts';
import type { CaptureLimits } from './driver.ts';
import { clearLeftovers, listProcesses, type Clearing, type NotListed } from './leftover-process.ts';
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
  /** The helper that was asked last: what it left running has to be gone before the next call. */
  #last: HelperProcess | undefined;
  /** The processes that were there before the helper: none of them can be of its making. */
  #before: readonly string[] = [];
  #clearing: Promise<Clearing> = Promise.resolve('clear');

  constructor(options: HelperKeeperOptions) {
    this.#options = options;
  }

  async ask(call: WebcamCall, { deadlineMs, signal }: CaptureLimits): Promise<HelperOutcome> {
    const { clock, keepWarmSeconds } = this.#options;
    const startMs = clock.monotonicMs();
    this.#idle.abort();
    const ready = await this.#ready();
    if (ready === 'left') return { kind: 'wedged' };
    if (ready.kind === 'notListed') {
      return { kind: 'broken', detail: `Cannot start the capture helper: ${ready.detail}` };
    }
    const { helper } = ready;
    this.#last = helper;
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

  async #ready(): Promise<Started | Exclude<Clearing, 'clear'>> {
    if ((await this.#clearing) !== 'clear') this.#clearing = this.#clear();
    const clearing = await this.#clearing;
    return clearing === 'clear' ? this.#helperOrStart() : clearing;
  }

  async #helperOrStart(): Promise<Started | NotListed> {
    if (this.#helper !== undefined) return { kind: 'started', helper: this.#helper };
    const before = await listProcesses(this.#options.procFolder);
    if (before.kind === 'notListed') return before;
    this.#before = before.pids;
    const helper = startHelper(this.#options);
    this.#helper = helper;
    // Also between two calls: the next one is not to fail for it.
    void helper.ended.then(() => this.#end(helper));
    return { kind: 'started', helper };
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

  async #clear(): Promise<Clearing> {
    const helper = this.#last;
    if (helper === undefined) return 'clear';
    const { clock, procFolder } = this.#options;
    return clearLeftovers({
      ...{ mark: helper.mark, groupId: helper.pid, clock },
      // Process ids come round again some day: the last look, when the helper has ended, is at all of them.
      except: this.#helper === helper ? [...this.#before, String(helper.pid)] : [],
      killStray: (pid) => {
        helper.killStray(pid);
      },
      ...(procFolder === undefined ? {} : { procFolder }),
    });
  }
}

interface Started {
  readonly kind: 'started';
  readonly helper: HelperProcess;
}
