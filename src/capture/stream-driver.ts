// Keeps the camera streaming while triggers come, and hands over the first frame that was exposed after each. It keeps no frame.
import type { CaptureFailure, Random } from '../domain.ts';
import { orAborted } from '../support/abort.ts';
import { sleep, withDeadline, type Clock } from '../support/clock.ts';
import type { StartProcess } from '../support/process-group.ts';
import type { CaptureLimits, Driver, RawOutcome } from './driver.ts';
import { streamCommand, type StreamCommand } from './stream-command.ts';
import {
  sessionFailure,
  streamTimeout,
  streamToolMissing,
  streamWedged,
  wantsOtherFormat,
} from './stream-failures.ts';
import type { StreamFrame } from './stream-frames.ts';
import {
  FIRST_FRAME_MS,
  NEXT_FRAME_MS,
  openStreamSession,
  type SessionEnd,
  type StreamSession,
} from './stream-session.ts';
import { createStreamWaiters, type StreamWaiters } from './stream-waiters.ts';
import type { AskLimits } from './v4l2-ctl.ts';

export interface StreamDriverOptions {
  readonly settings: {
    readonly widthPx: number;
    readonly heightPx: number;
    readonly skipFrames: number;
    /** -1: the camera is never closed. */
    readonly keepWarmSeconds: number;
  };
  /**
   * The node to stream from, resolved anew for each session: `/dev/videoN`, or `csi`. `limits`: of the capture that was
   * asked for last.
   */
  readonly findNode: (
    limits: AskLimits,
  ) => Promise<{ readonly kind: 'found'; readonly node: string } | CaptureFailure>;
  readonly hasProgram: (program: string) => Promise<boolean>;
  /** Asked once a session: what the program is started through, empty for nothing. */
  readonly findLauncher: () => Promise<readonly string[]>;
  readonly startProcess: StartProcess;
  readonly clock: Clock;
  readonly random: Random;
  readonly searchPath: string;
  readonly procFolder?: string;
}

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 10_000;
// Longer than a session that gives one frame and then hangs: only what lasts is no reason to wait.
const HEALTHY_MS_MIN = FIRST_FRAME_MS + NEXT_FRAME_MS + 500;
// Killing the program takes up to 1.5 seconds; a capture may take no longer for it than its camera allows.
const STOP_MS_MAX = 1600;

/**
 * The camera opens at a capture and closes `keepWarmSeconds` after the last good one, at `close`, and at once after a
 * capture that failed: then no program is left, and none starts before the next capture.
 */
export function createStreamDriver(options: StreamDriverOptions): Driver {
  return new StreamDriver(options);
}

class StreamDriver implements Driver {
  readonly #options: StreamDriverOptions;
  readonly #waiters: StreamWaiters;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #idle = new AbortController();
  /** Cuts short the backoff delay of this turn: a trigger does not wait for it. */
  #pause = new AbortController();
  #session: StreamSession | undefined;
  #wanted = false;
  #asked = { signal: new AbortController().signal, endsMs: 0 };
  /** A camera without MJPEG, since the last opening: ffmpeg makes its JPEGs. */
  #rawNode: string | undefined;
  /** Why the last session ended, since captures wait: what gave frames may be followed by a better one, or by none. */
  #broke: CaptureFailure | undefined;
  /** An earlier session of which something outlived SIGKILL. */
  #stuck: SessionEnd | undefined;

  constructor(options: StreamDriverOptions) {
    this.#options = options;
    this.#waiters = createStreamWaiters({ clock: options.clock, skipFrames: options.settings.skipFrames });
  }

  async capture({ signal, deadlineMs, warmUp }: CaptureLimits): Promise<RawOutcome> {
    const { clock, settings } = this.#options;
    this.#asked = { signal, endsMs: clock.monotonicMs() + deadlineMs };
    if (this.#waiters.size === 0) this.#broke = undefined;
    const waiter = this.#waiters.add(warmUp === 'longer' ? settings.skipFrames : 0);
    this.#start();
    const called = orAborted(orAborted(waiter.answer, signal), this.#closing.signal);
    await withDeadline(clock, deadlineMs, called);
    // Harmless where the answer came in time.
    waiter.settle(this.#broke ?? streamTimeout((clock.monotonicMs() - waiter.askedMs) / 1000));
    const outcome = await waiter.answer;
    if (outcome.kind === 'captured') void this.#closeWhenIdle();
    else if (this.#waiters.size === 0) await this.#stopInTime();
    return outcome.kind === 'failed' && this.#stuck !== undefined ? streamWedged('the camera') : outcome;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#stop();
    await this.#running;
  }

  #start(): void {
    this.#idle.abort();
    this.#wanted = true;
    this.#pause.abort();
    this.#running ??= this.#keepStreaming().finally(() => {
      this.#running = undefined;
      if (this.#wanted) this.#start();
    });
  }

  #stop(): void {
    this.#idle.abort();
    this.#wanted = false;
    this.#session?.stop();
    this.#pause.abort();
  }

  async #stopInTime(): Promise<void> {
    this.#stop();
    await withDeadline(this.#options.clock, STOP_MS_MAX, this.#running ?? Promise.resolve());
  }

  async #closeWhenIdle(): Promise<void> {
    const { clock, settings } = this.#options;
    if (settings.keepWarmSeconds < 0 || this.#waiters.size > 0) return;
    const idle = new AbortController();
    this.#idle = idle;
    const over = await sleep(clock, settings.keepWarmSeconds * 1000, idle.signal);
    if (over === 'elapsed' && this.#waiters.size === 0) this.#stop();
  }

  async #keepStreaming(): Promise<void> {
    let retryMs = RETRY_MS_MIN;
    this.#rawNode = undefined;
    while (this.#wanted) {
      const pause = new AbortController();
      this.#pause = pause;
      const next = await this.#streamOnce();
      if (next === 'again') continue;
      if (next === 'healthy') retryMs = RETRY_MS_MIN;
      if (!this.#isWanted()) return;
      await sleep(this.#options.clock, retryMs, pause.signal);
      retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
    }
  }

  /** A function, because it changes while a session runs. */
  #isWanted(): boolean {
    return this.#wanted;
  }

  /** One session, and what it says about the next one. */
  async #streamOnce(): Promise<'again' | 'backOff' | 'healthy'> {
    const { clock } = this.#options;
    const openedMs = clock.monotonicMs();
    const ready = await this.#prepare();
    if (ready.kind === 'failed') {
      this.#broke = ready;
      this.#waiters.fail(ready, openedMs);
      return 'backOff';
    }
    if (!this.#isWanted()) return 'backOff';
    const onFrame = (frame: StreamFrame, index: number): void => {
      this.#waiters.deliver(frame, index);
    };
    this.#waiters.opened();
    this.#session = openStreamSession(ready.command, { ...this.#options, launcher: ready.launcher, onFrame });
    const end = await this.#session.ended;
    this.#session = undefined;
    const failure = sessionFailure(ready, end);
    this.#broke = failure;
    if (end.kind === 'wedged') this.#stuck = end;
    else if (end.frames > 0) return end.lastedMs >= HEALTHY_MS_MIN ? 'healthy' : 'backOff';
    if (end.kind === 'ended' && wantsOtherFormat(end.said) && this.#rawNode !== ready.node) {
      this.#rawNode = ready.node;
      this.#broke = undefined; // what comes next is another way to the same camera
      return 'again';
    }
    if (failure !== undefined) this.#waiters.fail(failure, openedMs);
    return 'backOff';
  }

  /** What has to be so before a session opens; finding it out changes nothing on the camera. */
  async #prepare(): Promise<Ready | CaptureFailure> {
    const { clock, findNode, hasProgram, findLauncher, settings } = this.#options;
    if ((await this.#stuck?.clear()) === 'left') return streamWedged('the camera');
    this.#stuck = undefined;
    const { signal, endsMs } = this.#asked;
    const found = await findNode({ signal, deadlineMs: endsMs - clock.monotonicMs() });
    if (found.kind === 'failed') return found;
    const { node } = found;
    const jpegs = node === this.#rawNode ? 'encode' : 'camera';
    const command = streamCommand({ node, jpegs, ...settings });
    if (!(await hasProgram(command.file))) return streamToolMissing(command.file);
    return { kind: 'ready', node, command, launcher: await findLauncher() };
  }
}

interface Ready {
  readonly kind: 'ready';
  readonly node: string;
  readonly command: StreamCommand;
  readonly launcher: readonly string[];
}
