// Sets the configured V4L2 controls before each capture; a control that cannot be set costs a warning, never the picture.
import type { Clock } from '../support/clock.ts';
import { planControls } from './controls-plan.ts';
import type { Driver } from './driver.ts';
import type { FoundDevice } from './find-device.ts';
import type { V4l2 } from './v4l2-ctl.ts';

export interface ControlledDriverOptions {
  readonly driver: Driver;
  /** The device that `driver` is about to open. */
  readonly find: () => Promise<FoundDevice>;
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
      const found = await find();
      if (found.kind === 'found') {
        const problems = await applyControls(found.node, options);
        if (problems.join('\n') !== told.join('\n')) onProblems(problems);
        told = problems;
      }
      // A device that is not there is for the driver to say.
      const leftMs = limits.deadlineMs - (clock.monotonicMs() - startMs);
      return driver.capture({ ...limits, deadlineMs: Math.max(leftMs, 0) });
    },
    async close() {
      await driver.close?.();
    },
  };
}

type Applying = Pick<ControlledDriverOptions, 'v4l2' | 'controls'>;

async function applyControls(node: string, { v4l2, controls }: Applying): Promise<readonly string[]> {
  const listed = await v4l2.controls(node);
  if (listed.kind === 'missing') {
    return [
      'Cannot set camera.controls: v4l2-ctl is not installed, sudo apt-get install v4l-utils installs it',
    ];
  }
  if (listed.kind === 'failed') return [`Cannot set camera.controls: ${listed.detail}`];
  const { modes, numbers, problems } = planControls(controls, listed.value);
  const refused: string[] = [];
  for (const values of [modes, numbers]) {
    if (values.length === 0) continue;
    const set = await v4l2.setControls(node, values);
    if (set.kind !== 'failed') continue;
    const names = values.map(({ name }) => name).join(', ');
    refused.push(`Cannot set camera.controls ${names}: ${set.detail}, an automatic control may hold it`);
  }
  return [...problems, ...refused];
}
