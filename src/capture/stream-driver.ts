// Keeps the camera streaming while triggers come, and hands over the first frame that was exposed after each. It keeps no frame.
import type { CaptureFailure } from '../domain.ts';
import { orAborted } from '../support/abort.ts';
import { sleep, withDeadline, type Clock } from '../support/clock.ts';
import type { StartProcess } from '../support/process-group.ts';
import { createWakeup } from '../support/wakeup.ts';
import type { CaptureLimits, Driver, RawOutcome } from './driver.ts';
import { streamCommand, type StreamSource } from './stream-command.ts';
import {
  streamFailure,
  streamStalled,
  streamToolMissing,
  streamWedged,
  wantsOtherFormat,
} from './stream-failures.ts';
import type { StreamFrame } from './stream-frames.ts';
import { openStreamSession, type SessionEnd, type StreamSession } from './stream-session.ts';

export interface StreamDriverOptions {
  readonly settings: {
    readonly widthPx: number;
    readonly heightPx: number;
    readonly skipFrames: number;
    readonly timeoutSeconds: number;
    /** -1: the camera is never closed. */
    readonly keepWarmSeconds: number;
  };
  /** The node to stream from, resolved anew for each session: `/dev/videoN`, or `csi`. */
  readonly findNode: () => Promise<{ readonly kind: 'found'; readonly node: string } | CaptureFailure>;
  readonly hasProgram: (program: string) => Promise<boolean>;
  /** Asked once a session: what the program is started through, empty for nothing. */
  readonly findLauncher: () => Promise<readonly string[]>;
  readonly startProcess: StartProcess;
  readonly clock: Clock;
  readonly searchPath: string;
}

/** A capture that waits for its frame. */
interface Waiter {
  readonly askedMs: number;
  /** Frames completed since it asked. */
  seen: number;
  /** Frames to pass over after it asked, for a camera that has to find its light. */
  readonly skipFrames: number;
  readonly settle: (outcome: RawOutcome) => void;
}

// A camera exposes one picture while it transfers the one before: without stamps only the third is surely fresh.
const FRAMES_IN_FLIGHT = 2;
// A stamp further off than this comes from before a jump of the wall clock.
const STAMP_AGE_MS_MAX = 5000;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 10_000;

/** The camera opens at the first capture and closes `keepWarmSeconds` after the last one, or at `close`. */
export function createStreamDriver(options: StreamDriverOptions): Driver {
  return new StreamDriver(options);
}

class StreamDriver implements Driver {
  readonly #options: StreamDriverOptions;
  readonly #waiters = new Set<Waiter>();
  readonly #wakeup = createWakeup();
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #idle = new AbortController();
  #session: StreamSession | undefined;
  #wanted = false;
  #jpegs: StreamSource['jpegs'] = 'camera';
  /** A program of an earlier session that outlived SIGKILL. */
  #stuck = false;

  constructor(options: StreamDriverOptions) {
    this.#options = options;
  }

  async capture({ signal, deadlineMs, warmUp }: CaptureLimits): Promise<RawOutcome> {
    const { clock, settings } = this.#options;
    const answer = new Promise<RawOutcome>((resolve) => {
      const waiter: Waiter = {
        askedMs: clock.monotonicMs(),
        seen: 0,
        skipFrames: warmUp === 'longer' ? settings.skipFrames : 0,
        settle: (outcome) => {
          this.#waiters.delete(waiter);
          resolve(outcome);
        },
      };
      this.#waiters.add(waiter);
    });
    this.#start();
    const called = orAborted(orAborted(answer, signal), this.#closing.signal);
    await withDeadline(clock, deadlineMs, called);
    // Nobody waits here any more where the answer came in time.
    this.#failAll(streamStalled('the camera', settings.timeoutSeconds));
    void this.#closeWhenIdle();
    return answer;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#stop();
    await this.#running;
  }

  #start(): void {
    this.#idle.abort();
    this.#wanted = true;
    this.#wakeup.wake(); // a trigger does not wait for the backoff delay
    this.#running ??= this.#keepStreaming().finally(() => {
      this.#running = undefined;
      if (this.#wanted) this.#start();
    });
  }

  #stop(): void {
    this.#idle.abort();
    this.#wanted = false;
    this.#session?.stop();
    this.#wakeup.wake();
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
    while (this.#wanted) {
      const next = await this.#streamOnce();
      if (next === 'again') continue;
      retryMs = next === 'healthy' ? RETRY_MS_MIN : Math.min(retryMs * 2, RETRY_MS_MAX);
      if (!this.#isWanted()) return;
      const over = new AbortController();
      await Promise.race([sleep(this.#options.clock, retryMs, over.signal), this.#wakeup.wait(over.signal)]);
      over.abort();
    }
  }

  /** A function, because it changes while a session runs. */
  #isWanted(): boolean {
    return this.#wanted;
  }

  /** One session, and what it says about the next one. */
  async #streamOnce(): Promise<'again' | 'backOff' | 'healthy'> {
    const { findNode, hasProgram, findLauncher, settings } = this.#options;
    if (this.#stuck) return this.#givenUp(streamWedged('the camera'));
    const found = await findNode();
    if (found.kind === 'failed') return this.#givenUp(found);
    const { node } = found;
    const command = streamCommand({ node, jpegs: this.#jpegs, ...settings });
    if (!(await hasProgram(command.file))) return this.#givenUp(streamToolMissing(command.file));
    const launcher = await findLauncher();
    if (!this.#isWanted()) return 'backOff';
    const onFrame = (frame: StreamFrame, index: number): void => {
      this.#deliver(frame, index);
    };
    this.#session = openStreamSession(command, { ...this.#options, launcher, onFrame });
    const end = await this.#session.ended;
    this.#session = undefined;
    if (end.kind === 'wedged') this.#rememberStuck(end);
    else if (end.frames > 0) return 'healthy';
    if (this.#jpegs === 'camera' && node !== 'csi' && end.kind === 'ended' && wantsOtherFormat(end.said)) {
      this.#jpegs = 'encode'; // a camera without MJPEG: ffmpeg makes the JPEGs
      return 'again';
    }
    return end.kind === 'stopped' ? 'backOff' : this.#givenUp(this.#failureOf(node, end));
  }

  #deliver(frame: StreamFrame, index: number): void {
    const { clock, settings } = this.#options;
    const nowMs = clock.monotonicMs();
    const ageMs = frame.exposedAtMs === undefined ? Infinity : clock.now().getTime() - frame.exposedAtMs;
    const stamped = Math.abs(ageMs) <= STAMP_AGE_MS_MAX;
    for (const waiter of this.#waiters) {
      const fresh = stamped ? nowMs - ageMs > waiter.askedMs : waiter.seen >= FRAMES_IN_FLIGHT;
      const warm = index >= settings.skipFrames && waiter.seen >= waiter.skipFrames;
      waiter.seen += 1;
      if (!fresh || !warm) continue;
      const capturedAt = stamped ? new Date(clock.now().getTime() - ageMs) : clock.now();
      waiter.settle({ kind: 'captured', bytes: frame.bytes, capturedAt });
    }
  }

  #rememberStuck({ gone }: SessionEnd): void {
    this.#stuck = true;
    void gone.then(() => {
      this.#stuck = false;
    });
  }

  #failureOf(node: string, end: SessionEnd): CaptureFailure {
    if (end.kind === 'wedged') return streamWedged(node);
    return end.kind === 'stalled'
      ? streamStalled(node, this.#options.settings.timeoutSeconds)
      : streamFailure(node, end.said);
  }

  #givenUp(failure: CaptureFailure): 'backOff' {
    this.#failAll(failure);
    return 'backOff';
  }

  #failAll(failure: CaptureFailure): void {
    for (const waiter of this.#waiters) waiter.settle(failure);
  }
}
