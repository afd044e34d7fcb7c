// Finds the capture device that a configured name means right now; it opens none.
import { basename, join } from 'node:path';
import type { CaptureFailure } from '../domain.ts';
import { canReadAndWrite, listFolder, pathKind, readSystemText, resolveLink } from '../support/files.ts';
import { failed } from './driver.ts';

export interface DeviceFolders {
  readonly sysfs: string;
  readonly dev: string;
  readonly pathKind: typeof pathKind;
  readonly canReadAndWrite: typeof canReadAndWrite;
}

export const SYSTEM_DEVICES: DeviceFolders = {
  sysfs: '/sys/class/video4linux',
  dev: '/dev',
  pathKind,
  canReadAndWrite,
};

export type FoundDevice = { readonly kind: 'found'; readonly node: string } | CaptureFailure;

/**
 * Resolves `auto`, `/dev/videoN` and links below `/dev/v4l/`. Asked anew at each capture: after a replug the same
 * camera may be another node. The node is a character device that we may read and write.
 */
export async function findDevice(device: string, folders: DeviceFolders): Promise<FoundDevice> {
  const node = device === 'auto' ? await firstCamera(folders) : await namedCamera(device, folders);
  if (typeof node !== 'string') return node;
  const kind = await folders.pathKind(node);
  if (kind === 'absent') return noCamera(`${node} does not exist`);
  if (kind !== 'characterDevice') return noCamera(`${node} is not a character device`);
  if (await folders.canReadAndWrite(node)) return { kind: 'found', node };
  return failed(
    'permission',
    `Cannot open ${node}: this user may not read and write it`,
    'Add the user to the group video (usermod -aG video USER) and start the service again',
  );
}

// What a Raspberry Pi shows beside cameras: its codecs, its image signal processors and the CSI ports, which need
// libcamera and made fswebcam crash (systemd/systemd#21054, node-webcam pull request 62).
const NO_WEBCAM = /^(?:bcm2835-(?:codec|isp)|rpivid|rpi-hevc-dec|pispbe|rp1-cfe|unicam)|m2m/;
const NODE_NAME = /^video(\d{1,3})$/;
const LINK_NAME = /^v4l\/by-(?:id|path)\/[A-Za-z0-9_.:@+=#-]+$/;

async function firstCamera(folders: DeviceFolders): Promise<string | CaptureFailure> {
  const names = (await listFolder(folders.sysfs)).filter((name) => NODE_NAME.test(name));
  names.sort((one, other) => numberOf(one) - numberOf(other));
  for (const name of names) {
    if (await isWebcam(join(folders.sysfs, name))) return join(folders.dev, name);
  }
  return noCamera(
    names.length === 0 ? 'there is no capture device' : `none of ${names.join(', ')} is a webcam`,
  );
}

function numberOf(name: string): number {
  return Number(NODE_NAME.exec(name)?.[1]);
}

/** A UVC camera has a second node for metadata: only index 0 gives pictures. */
async function isWebcam(folder: string): Promise<boolean> {
  if ((await readSystemText(join(folder, 'index'))) !== '0') return false;
  const name = (await readSystemText(join(folder, 'name'))) ?? '';
  const driver = basename((await resolveLink(join(folder, 'device', 'driver'))) ?? '');
  return !NO_WEBCAM.test(name) && !NO_WEBCAM.test(driver);
}

async function namedCamera(device: string, folders: DeviceFolders): Promise<string | CaptureFailure> {
  const name = device.startsWith(`${folders.dev}/`) ? device.slice(folders.dev.length + 1) : '';
  if (NODE_NAME.test(name)) return device;
  if (!LINK_NAME.test(name)) return noCamera(`${JSON.stringify(device)} is not the name of a capture device`);
  // fswebcam cuts a device name at its first colon, and by-path names hold some: it gets the node instead.
  const node = await resolveLink(device);
  if (node === undefined) return noCamera(`${device} does not exist`);
  const target = node.startsWith(`${folders.dev}/`) ? node.slice(folders.dev.length + 1) : '';
  return NODE_NAME.test(target) ? node : noCamera(`${device} leads to ${node}, which is no capture device`);
}

function noCamera(what: string): CaptureFailure {
  return failed(
    'noDevice',
    `Cannot find camera: ${what}`,
    'Plug the camera in, or set camera.device to one that shutterd cameras lists',
  );
}
