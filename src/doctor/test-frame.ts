// One frame through the real driver, its checks and the fit, as a trigger would have it; it is shown to nobody.
import { openPictureStages } from '../app/picture.ts';
import type { Config } from '../config/schema.ts';
import { OperatingError } from '../support/errors.ts';
import { findingsOf, type Finding } from './finding.ts';
import type { Surroundings } from './surroundings.ts';

const { ok, warn, fail } = findingsOf('camera');

/** The daemon waits as long as camera.timeoutSeconds says; a person wants an answer. */
const CAPTURE_SECONDS_MAX = 12;

export async function takeTestFrame(surroundings: Surroundings, config: Config): Promise<readonly Finding[]> {
  const { clock, signal } = surroundings;
  const { camera } = config;
  const timeoutSeconds = Math.min(camera.timeoutSeconds, CAPTURE_SECONDS_MAX);
  const controls: string[] = [];
  try {
    const stages = await openPictureStages({
      ...{ ...surroundings, config: { ...config, camera: { ...camera, timeoutSeconds } } },
      onControlProblems: (problems) => controls.push(...problems),
    });
    try {
      const startMs = clock.monotonicMs();
      const outcome = await stages.camera.capture(signal);
      if (outcome.kind === 'failed')
        return [fail(`test frame: ${outcome.detail} (${outcome.cause})`, outcome.remedy)];
      const { widthPx, heightPx, jpeg, suspect } = outcome.frame;
      const ms = Math.round(clock.monotonicMs() - startMs);
      const size = `${String(widthPx)}x${String(heightPx)}${asked(camera, { widthPx, heightPx })}`;
      const what = `test frame: ${size}, ${String(jpeg.length)} bytes, ${String(ms)} ms`;
      return [
        suspect === undefined
          ? ok(what)
          : warn(`${what}; it is ${suspect}`, 'uncover the lens, give it light, or raise camera.skipFrames'),
        ...controls.map((problem) => warn(problem, 'v4l2-ctl -l lists the controls and their ranges')),
      ];
    } finally {
      await stages.close();
    }
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return [fail(`test frame: ${error.message}`, 'make room in the temporary folder of this user (TMPDIR)')];
  }
}

/** A camera grants the nearest size that it has. */
function asked(
  camera: Config['camera'],
  granted: { readonly widthPx: number; readonly heightPx: number },
): string {
  const isAsked = camera.widthPx === granted.widthPx && camera.heightPx === granted.heightPx;
  return isAsked ? '' : ` (asked for ${String(camera.widthPx)}x${String(camera.heightPx)})`;
}
