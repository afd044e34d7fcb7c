// Camera, fit and payload while their configuration changes: another one only between two pictures. It takes none itself.
import { createCameraWatch, type CameraWatch } from '../capture/camera-watch.ts';
import type { Config } from '../config/schema.ts';
import * as settings from '../config/stage-settings.ts';
import type { Trigger } from '../domain.ts';
import { createFit, type Fit } from '../fit/fit-frame.ts';
import { createJpegCodec } from '../support/jpeg.ts';
import type { Clock } from '../support/clock.ts';
import type { Log } from '../support/log.ts';
import { derived, whileSame, type LiveConfig } from './live-config.ts';
import { pictureFinder, type PictureDeps } from './picture.ts';
import type { RestingPicture } from './resting-picture.ts';

export interface LivePicture {
  readonly fit: Fit;
  readonly noteCapture: CameraWatch['captured'];
  /** Looks for a lost camera until the signal aborts. */
  watch(signal: AbortSignal): Promise<void>;
  /** The triggers that the next picture answers; before it begins, what has changed is taken over. */
  take(signal: AbortSignal): Promise<readonly Trigger[]>;
  /** Takes over what has changed: now where no picture is being taken, else before the next one. */
  changed(): void;
}

export interface LivePictureDeps extends Omit<PictureDeps, 'config'> {
  readonly live: LiveConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly camera: RestingPicture;
  readonly take: (signal: AbortSignal) => Promise<readonly Trigger[]>;
  readonly host: { readonly throttled: () => boolean };
}

export function createLivePicture(deps: LivePictureDeps): LivePicture {
  const { live, clock, log, camera } = deps;
  const codec = createJpegCodec();
  // By what they say and not by which object says it: a label filter lets neither forget what it knows.
  const fitSettings = (): ReturnType<typeof settings.fitSettings> =>
    settings.fitSettings(live.picture(), { throttled: deps.host.throttled() });
  const fit = derived(
    () => JSON.stringify(fitSettings()),
    () => createFit({ codec, settings: fitSettings() }),
  );
  const cameraWatch = derived(textOf(live, settings.cameraSettings), () => {
    const config = live.picture();
    return createCameraWatch({ clock, log, camera: config.camera, find: pictureFinder({ ...deps, config }) });
  });
  let takingOne = false;
  const adopt = (): void => {
    const before = live.picture();
    // A device opens once: the old camera is closed before the next capture opens another.
    if (live.adoptPicture() && needsAnotherCamera(before, live.picture())) void camera.rest();
  };
  return {
    fit: (...args) => fit()(...args),
    noteCapture: (outcome) => cameraWatch().captured(outcome),
    watch: (signal) => whileSame({ live, of: cameraWatch }, (watch, over) => watch.watch(over), signal),
    async take(signal) {
      takingOne = false;
      adopt();
      const triggers = await deps.take(signal);
      takingOne = true;
      return triggers;
    },
    changed() {
      if (!takingOne) adopt();
    },
  };
}

function textOf(live: LiveConfig, settingsOf: (config: Config) => unknown): () => string {
  return derived(
    () => live.picture(),
    (config) => JSON.stringify(settingsOf(config)),
  );
}

function needsAnotherCamera(before: Config, after: Config): boolean {
  return JSON.stringify(settings.cameraSettings(before)) !== JSON.stringify(settings.cameraSettings(after));
}
