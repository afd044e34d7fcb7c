// Asks and sets capture devices through v4l2-ctl (package v4l-utils); it takes no picture and keeps no device open.
import { unreachable } from '../support/errors.ts';
import type { RunProcess } from '../support/run-process.ts';
import { givesPictures, parseControls, parseFormats, type Control, type PixelFormat } from './v4l2-text.ts';

export type Answer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  /** v4l2-ctl is not installed. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed'; readonly detail: string };

/** Every `node` is `/dev/videoN`; another text is a bug and throws, so that none reaches a command line. */
export interface V4l2 {
  /** Whether the node gives pictures; `undefined` where it did not say. */
  givesPictures(node: string): Promise<Answer<boolean | undefined>>;
  formats(node: string): Promise<Answer<readonly PixelFormat[]>>;
  controls(node: string): Promise<Answer<readonly Control[]>>;
  /** In the order given. */
  setControls(node: string, values: readonly ControlValue[]): Promise<Answer<undefined>>;
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
}

/** Each call ends within 1.5 seconds and the time a kill takes. */
export function createV4l2({ runProcess, searchPath }: V4l2Options): V4l2 {
  let wedged = false;

  async function ask<T>(
    node: string,
    options: readonly string[],
    parse: (said: string) => T,
  ): Promise<Answer<T>> {
    if (!NODE.test(node)) throw new TypeError(`Cannot ask ${JSON.stringify(node)}: allowed is /dev/videoN`);
    if (wedged) return { kind: 'failed', detail: WEDGED };
    const ran = await runProcess({
      file: 'v4l2-ctl',
      args: ['--device', node, ...options],
      env: { PATH: searchPath, LC_ALL: 'C' },
      deadlineMs: DEADLINE_MS,
    });
    switch (ran.kind) {
      case 'exited':
        if (ran.code === 0) return { kind: 'answer', value: parse(ran.stdout) };
        return { kind: 'failed', detail: `v4l2-ctl said: ${oneLine(ran.stderr + ran.stdout)}` };
      case 'missing':
        return ran;
      case 'timeout':
      case 'aborted':
        return { kind: 'failed', detail: `v4l2-ctl did not answer within ${String(DEADLINE_MS)} ms` };
      case 'wedged':
        wedged = true; // one process that cannot be killed is enough: this run starts no other
        return { kind: 'failed', detail: WEDGED };
      default:
        return unreachable(ran);
    }
  }

  return {
    givesPictures: (node) => ask(node, ['--info'], givesPictures),
    formats: (node) => ask(node, ['--list-formats-ext'], parseFormats),
    controls: (node) => ask(node, ['--list-ctrls-menus'], parseControls),
    setControls: async (node, values) => ask(node, ['--set-ctrl', assignments(values)], () => undefined),
  };
}

/** A camera answers in milliseconds; one that does not hangs, and the capture wants its time. */
const DEADLINE_MS = 1500;
const NODE = /^\/dev\/video\d{1,3}$/;
const CONTROL_NAME = /^[a-z0-9_]{1,64}$/;
const WORDS_CHARACTERS_MAX = 300;
const WEDGED = 'an earlier v4l2-ctl hangs inside the kernel and cannot be killed';

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
