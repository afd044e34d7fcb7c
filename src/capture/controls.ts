// Sets the configured V4L2 controls before each capture; a control that cannot be set costs a warning, never the picture.
import type { CaptureFailure } from '../domain.ts';
import { isAborted } from '../support/abort.ts';
import type { Clock } from '../support/clock.ts';
import { planControls } from './controls-plan.ts';
import { failed, type CaptureLimits, type Driver } from './driver.ts';
import type { FoundDevice } from './find-device.ts';
import type { AskLimits, V4l2 } from './v4l2-ctl.ts';

export interface ControlledDriverOptions {
  readonly driver: Driver;
  /** The device that `driver` is about to open. */
  readonly find: (limits: CaptureLimits) => Promise<FoundDevice>;
  readonly v4l2: Pick<V4l2, 'controls' | 'setControls'>;
  /** By name; not empty. */
  readonly controls: Readonly<Record<string, number>>;
  readonly clock: Clock;
  /** Told when the list of problems has changed; an empty list says that all controls are set. */
  readonly onProblems: (problems: readonly string[]) => void;
}

/**
 * The controls are read back each time, because a replug sets them to the camera's defaults; only those that differ
 * are set.
 */
export function createControlledDriver(options: ControlledDriverOptions): Driver {
  const { driver, find, clock, onProblems } = options;
  let told: readonly string[] = [];
  return {
    async capture(limits) {
      const startMs = clock.monotonicMs();
      const left = (): CaptureLimits => {
        const leftMs = limits.deadlineMs - (clock.monotonicMs() - startMs);
        return { ...limits, deadlineMs: Math.max(leftMs, 0) };
      };
      const found = await find(left());
      if (found.kind === 'found') {
        const problems = (await applyControls({ ...options, node: found.node, left })) ?? told;
        if (problems.join('\n') !== told.join('\n')) onProblems(problems);
        told = problems;
      }
      // A device that is not there is for the driver to say.
      if (isAborted(limits.signal) || left().deadlineMs === 0) return noTimeLeft();
      return driver.capture(left());
    },
    async close() {
      await driver.close?.();
    },
  };
}

function noTimeLeft(): CaptureFailure {
  return failed(
    'timeout',
    'Cannot capture: the time was over before the camera was asked for a picture',
    'Unplug the camera and plug it in again, or raise camera.timeoutSeconds',
  );
}

interface Applying extends Pick<ControlledDriverOptions, 'v4l2' | 'controls'> {
  readonly node: string;
  readonly left: () => AskLimits;
}

/** The problems; `undefined` where the capture ended before there was an answer: then nothing new is known. */
async function applyControls(applying: Applying): Promise<readonly string[] | undefined> {
  const { v4l2, controls, node, left } = applying;
  const listed = await v4l2.controls(node, left());
  if (listed.kind === 'missing') {
    return [
      'Cannot set camera.controls: v4l2-ctl is not installed, sudo apt-get install v4l-utils installs it',
    ];
  }
  if (listed.kind === 'failed' && listed.why === 'noTime') return undefined;
  if (listed.kind === 'failed') return [`Cannot set camera.controls: ${listed.detail}`];
  const { modes, numbers, problems } = planControls(controls, listed.value);
  const refused: string[] = [];
  for (const values of [modes, numbers]) {
    if (values.length === 0) continue;
    const set = await v4l2.setControls(node, values, left());
    if (set.kind !== 'failed') continue;
    if (set.why === 'noTime') return undefined;
    if (set.why === 'silent') return [`Cannot set camera.controls: ${set.detail}`];
    const names = values.map(({ name }) => name).join(', ');
    refused.push(`Cannot set camera.controls ${names}: ${set.detail}, an automatic control may hold it`);
  }
  return [...problems, ...refused];
}
