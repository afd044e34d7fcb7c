// Picks the driver that the settings name and puts controls and checks around it; it takes no picture itself.
import type { Camera } from '../domain.ts';
import { unreachable } from '../support/errors.ts';
import type { CameraDependencies, CameraSettings } from './camera-settings.ts';
import { createControlledDriver } from './controls.ts';
import type { Driver } from './driver.ts';
import { createFileDriver } from './file-driver.ts';
import { findDevice, systemDevices, type DeviceFolders, type FoundDevice } from './find-device.ts';
import { createNodeWebcamDriver } from './node-webcam-driver.ts';
import { createStreamCamera, findStreamNode } from './stream-camera.ts';
import { createCheckedCamera } from './take-frame.ts';
import { createTestDriver } from './test-driver.ts';
import { createUrlDriver } from './url-driver.ts';

export type { CameraDependencies, CameraSettings } from './camera-settings.ts';

/** The camera the pipeline uses. Nothing is opened before the first capture. */
export function createCamera(settings: CameraSettings, dependencies: CameraDependencies): Camera {
  const { clock, codec, v4l2 } = dependencies;
  const devices = dependencies.devices ?? systemDevices(v4l2);
  const driver = createDriver(settings, { ...dependencies, devices });
  const { controls = {} } = settings;
  const controlled =
    !hasCaptureDevice(settings) || Object.keys(controls).length === 0
      ? driver
      : createControlledDriver({
          ...{ driver, v4l2, controls, clock },
          find: (limits) => findDevice(settings.device, devices, limits),
          onProblems: (problems) => dependencies.onControlProblems?.(problems),
        });
  return createCheckedCamera({ driver: controlled, settings, clock, codec });
}

/** Looks for the configured capture device; `undefined` for a driver that has none which could be unplugged. */
export function cameraFinder(
  settings: Pick<CameraSettings, 'driver' | 'device'>,
  dependencies: Pick<CameraDependencies, 'v4l2' | 'searchPath' | 'devices'>,
): (() => Promise<FoundDevice>) | undefined {
  if (!hasCaptureDevice(settings)) return undefined;
  const devices = dependencies.devices ?? systemDevices(dependencies.v4l2);
  const find = (): Promise<FoundDevice> => findDevice(settings.device, devices);
  const { searchPath } = dependencies;
  return settings.driver === 'stream'
    ? () => findStreamNode({ find, device: settings.device, searchPath })
    : find;
}

function hasCaptureDevice({ driver, device }: Pick<CameraSettings, 'driver' | 'device'>): boolean {
  switch (driver) {
    case 'node-webcam':
      return device !== 'TEST';
    case 'stream':
      return true;
    case 'url':
    case 'file':
    case 'test':
      return false;
    default:
      return unreachable(driver);
  }
}

function createDriver(
  settings: CameraSettings,
  dependencies: CameraDependencies & { readonly devices: DeviceFolders },
): Driver {
  switch (settings.driver) {
    case 'node-webcam':
      return createNodeWebcamDriver({ settings, ...dependencies });
    case 'stream':
      return createStreamCamera({
        settings,
        ...dependencies,
        find: (limits) => findDevice(settings.device, dependencies.devices, limits),
      });
    case 'url':
      return createUrlDriver({ settings, clock: dependencies.clock });
    case 'file':
      return createFileDriver({ path: settings.path ?? '', clock: dependencies.clock });
    case 'test':
      return createTestDriver({ settings, ...dependencies });
    default:
      return unreachable(settings.driver);
  }
}
