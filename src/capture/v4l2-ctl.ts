// Asks and sets capture devices through v4l2-ctl (package v4l-utils); it takes no picture and keeps no device open.
import type { Clock } from '../support/clock.ts';
import { unreachable } from '../support/errors.ts';
import type { RunOutcome, RunProcess } from '../support/run-process.ts';
import type { CaptureLimits } from './driver.ts';
import { mayRun } from './leftover-process.ts';
import { givesPictures, parseControls, parseFormats, type Control, type PixelFormat } from './v4l2-text.ts';

export type Answer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  /** v4l2-ctl is not installed. */
  | { readonly kind: 'missing' }
  | {
      readonly kind: 'failed';
      readonly detail: string;
      /** `silent`: it hangs, and is not asked for a while. `noTime`: the capture that asks is over, or nearly so. */
      readonly why?: 'silent' | 'noTime';
    };

/** Of the capture that asks. */
export type AskLimits = Pick<CaptureLimits, 'deadlineMs' | 'signal'>;

/** Every `node` is `/dev/videoN`; another text is a bug and throws, so that none reaches a command line. */
export interface V4l2 {
  /** Whether the node gives pictures; `undefined` where it did not say. */
  givesPictures(node: string, limits?: AskLimits): Promise<Answer<boolean | undefined>>;
  formats(node: string): Promise<Answer<readonly PixelFormat[]>>;
  controls(node: string, limits?: AskLimits): Promise<Answer<readonly Control[]>>;
  /** In the order given. */
  setControls(node: string, values: readonly ControlValue[], limits?: AskLimits): Promise<Answer<undefined>>;
}

export interface ControlValue {
  /** As `controls` lists it. */
  readonly name: string;
  readonly value: number;
}

export interface V4l2Options {
  readonly runProcess: RunProcess;
  /** `PATH` where v4l2-ctl is looked for. */
  readonly searchPath: string;
  /** Tells when a node that hung may be asked again. */
  readonly clock: Clock;
  readonly procFolder?: string;
}

/** Each call ends within 1.5 seconds, and half of what its capture has left, and the time a kill takes. */
export function createV4l2({ runProcess, searchPath, clock, procFolder }: V4l2Options): V4l2 {
  const wedges = createWedges(clock, procFolder);
  /** By node: one camera that hangs says nothing about another one. */
  const silentUntilMs = new Map<string, number>();

  async function ask<T>(node: string, { options, parse, limits }: Question<T>): Promise<Answer<T>> {
    if (!NODE.test(node)) throw new TypeError(`Cannot ask ${JSON.stringify(node)}: allowed is /dev/videoN`);
    const deadlineMs = Math.min(DEADLINE_MS, (limits?.deadlineMs ?? Infinity) / 2);
    const refusal = await notNow(node, deadlineMs);
    if (refusal !== undefined) return refusal;
    const ran = await runProcess({
      file: 'v4l2-ctl',
      args: ['--device', node, ...options],
      env: { PATH: searchPath, LC_ALL: 'C' },
      deadlineMs,
      ...(limits === undefined ? {} : { signal: limits.signal }),
    });
    if (ran.kind === 'exited' && ran.code === 0) return { kind: 'answer', value: parse(ran.stdout) };
    return withoutAnswer(node, ran);
  }

  async function notNow(node: string, deadlineMs: number): Promise<NoAnswer | undefined> {
    if (await wedges.holds(node)) return WEDGED;
    if (clock.monotonicMs() < (silentUntilMs.get(node) ?? -Infinity)) return SILENT;
    return deadlineMs < ASK_MS_MIN ? NO_TIME : undefined;
  }

  function withoutAnswer(node: string, ran: RunOutcome): NoAnswer {
    switch (ran.kind) {
      case 'exited':
        return { kind: 'failed', detail: `v4l2-ctl said: ${oneLine(ran.stderr + ran.stdout)}` };
      case 'missing':
        // Other codes: it may not be run, or no descriptor, memory or process is left.
        return ran.detail.startsWith('ENOENT') ? { kind: 'missing' } : { kind: 'failed', detail: ran.detail };
      case 'timeout':
        silentUntilMs.set(node, clock.monotonicMs() + SILENT_MS);
        return SILENT;
      case 'aborted':
        return NO_TIME;
      case 'wedged':
        wedges.add(node);
        return WEDGED;
      default:
        return unreachable(ran);
    }
  }

  return {
    givesPictures: (node, limits) => ask(node, { options: ['--info'], parse: givesPictures, limits }),
    formats: (node) => ask(node, { options: ['--list-formats-ext'], parse: parseFormats }),
    controls: (node, limits) => ask(node, { options: ['--list-ctrls-menus'], parse: parseControls, limits }),
    setControls: async (node, values, limits) =>
      ask(node, { options: ['--set-ctrl', assignments(values)], parse: () => undefined, limits }),
  };
}

interface Wedges {
  add(node: string): void;
  /** Looks again, because the process may have gone since. */
  holds(node: string): Promise<boolean>;
}

/** The nodes at which a v4l2-ctl outlived SIGKILL: none is started beside it. */
function createWedges(clock: Clock, procFolder: string | undefined): Wedges {
  const nodes = new Set<string>();
  return {
    add(node) {
      nodes.add(node);
    },
    async holds(node) {
      if (!nodes.has(node)) return false;
      const left = await mayRun('v4l2-ctl', { clock, ...(procFolder === undefined ? {} : { procFolder }) });
      if (!left) nodes.delete(node);
      return left;
    },
  };
}

type NoAnswer = Exclude<Answer<never>, { kind: 'answer' }>;

interface Question<T> {
  readonly options: readonly string[];
  readonly parse: (said: string) => T;
  readonly limits?: AskLimits | undefined;
}

/** A camera answers in milliseconds; one that does not hangs, and the capture wants its time. */
const DEADLINE_MS = 1500;
/** On a busy machine the program needs a few tenths to start: silence for less proves nothing. */
const ASK_MS_MIN = 250;
/** Each hang costs a capture up to half of its time; a camera that came back may wait this long for its controls. */
const SILENT_MS = 60_000;
/** One text for the hang and for the while after it, so that it is told once. */
const SILENT = Object.freeze({
  kind: 'failed',
  detail: 'v4l2-ctl did not answer in time, it is asked again after a minute',
  why: 'silent',
} as const);
const NO_TIME = Object.freeze({
  kind: 'failed',
  detail: 'no time is left to ask v4l2-ctl',
  why: 'noTime',
} as const);
const NODE = /^\/dev\/video\d{1,3}$/;
const CONTROL_NAME = /^[a-z0-9_]{1,64}$/;
const WORDS_CHARACTERS_MAX = 300;
const WEDGED = Object.freeze({
  kind: 'failed',
  detail: 'an earlier v4l2-ctl hangs inside the kernel and cannot be killed',
} as const);

function assignments(values: readonly ControlValue[]): string {
  return values
    .map(({ name, value }) => {
      if (!CONTROL_NAME.test(name) || !Number.isInteger(value)) {
        throw new TypeError(
          `Cannot set ${JSON.stringify(name)}: allowed is the name of a control and a whole number`,
        );
      }
      return `${name}=${String(value)}`;
    })
    .join(',');
}

function oneLine(said: string): string {
  const lines = said.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .join('; ')
    .slice(0, WORDS_CHARACTERS_MAX);
}
