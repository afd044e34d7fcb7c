// Picks the driver that the settings name and puts the checks around it; it takes no picture itself.
import type { Camera } from '../domain.ts';
import { unreachable } from '../support/errors.ts';
import type { CameraDependencies, CameraSettings } from './camera-settings.ts';
import type { Driver } from './driver.ts';
import { createFileDriver } from './file-driver.ts';
import { createNodeWebcamDriver } from './node-webcam-driver.ts';
import { createCheckedCamera } from './take-frame.ts';
import { createTestDriver } from './test-driver.ts';

export type { CameraDependencies, CameraSettings } from './camera-settings.ts';

/** The camera the pipeline uses. Nothing is opened before the first capture. */
export function createCamera(settings: CameraSettings, dependencies: CameraDependencies): Camera {
  const { clock, codec } = dependencies;
  return createCheckedCamera({ driver: createDriver(settings, dependencies), settings, clock, codec });
}

function createDriver(settings: CameraSettings, dependencies: CameraDependencies): Driver {
  switch (settings.driver) {
    case 'node-webcam':
      return createNodeWebcamDriver({ settings, ...dependencies });
    case 'file':
      return createFileDriver({ path: settings.path ?? '', clock: dependencies.clock });
    case 'test':
      return createTestDriver({ settings, ...dependencies });
    default:
      return unreachable(settings.driver);
  }
}
