// Finds the capture device that a configured name means right now; it opens none.
import { basename, join } from 'node:path';
import type { CaptureFailure } from '../domain.ts';
import { errorCode, OperatingError } from '../support/errors.ts';
import { canReadAndWrite, listFolder, pathKind, readSystemText, resolveLink } from '../support/files.ts';
import { failed } from './driver.ts';
import type { AskLimits, V4l2 } from './v4l2-ctl.ts';

export interface DeviceFolders {
  readonly sysfs: string;
  readonly dev: string;
  readonly pathKind: typeof pathKind;
  readonly canReadAndWrite: typeof canReadAndWrite;
  /** What the node itself says; `undefined`, or no such function: sysfs has to do. */
  readonly givesPictures?: (node: string, limits?: AskLimits) => Promise<boolean | undefined>;
}

export const SYSTEM_DEVICES: DeviceFolders = Object.freeze({
  sysfs: '/sys/class/video4linux',
  dev: '/dev',
  pathKind,
  canReadAndWrite,
});

/** The machine's devices, asked for their capabilities where v4l2-ctl is installed. */
export function systemDevices(v4l2: Pick<V4l2, 'givesPictures'>): DeviceFolders {
  return {
    ...SYSTEM_DEVICES,
    async givesPictures(node, limits) {
      const answer = await v4l2.givesPictures(node, limits);
      // A camera that is busy or may not be opened is still the camera that is meant: the capture says what is wrong.
      return answer.kind === 'answer' ? answer.value : undefined;
    },
  };
}

export type FoundDevice = { readonly kind: 'found'; readonly node: string } | CaptureFailure;

/**
 * Resolves `auto`, `/dev/videoN` and links below `/dev/v4l/`. Asked anew at each capture: after a replug the same
 * camera may be another node. The node is a character device that we may read and write. A camera that was named and is
 * not there is never replaced by another one. `limits`: of the capture that asks; without time sysfs has to do.
 */
export async function findDevice(
  device: string,
  folders: DeviceFolders,
  limits?: AskLimits,
): Promise<FoundDevice> {
  const asking: DeviceFolders = {
    ...folders,
    givesPictures: (node) => folders.givesPictures?.(node, limits) ?? Promise.resolve(undefined),
  };
  try {
    return await lookForDevice(device, asking);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return unreadable(error);
  }
}

async function lookForDevice(device: string, folders: DeviceFolders): Promise<FoundDevice> {
  const node = device === 'auto' ? await firstCamera(folders) : await namedCamera(device, folders);
  if (typeof node !== 'string') return node;
  const kind = await folders.pathKind(node);
  if (kind === 'absent') return missing(`${node} does not exist`, folders);
  if (kind !== 'characterDevice') return missing(`${node} is not a character device`, folders);
  if (device !== 'auto' && (await isOfOtherKind(node, folders))) {
    return missing(`${node} gives no pictures: it is a metadata node, a codec or an output`, folders);
  }
  if (await folders.canReadAndWrite(node)) return { kind: 'found', node };
  return failed(
    'permission',
    `Cannot open ${node}: this user may not read and write it`,
    'Add the user to the group video (usermod -aG video USER) and start the service again',
  );
}

export interface VideoNode {
  readonly node: string;
  /** As the kernel names it. */
  readonly name: string;
  readonly driver: string;
  /** `other`: a codec, an image signal processor, a CSI port, a metadata node or an output. */
  readonly role: 'webcam' | 'other';
}

/** Every V4L2 node of the machine by its number; `auto` takes the first webcam. */
export async function listVideoNodes(folders: DeviceFolders): Promise<readonly VideoNode[]> {
  const nodes: VideoNode[] = [];
  for (const name of await nodeNames(folders)) nodes.push(await askedNode(name, folders));
  return nodes;
}

// What a Raspberry Pi shows beside cameras: its codecs, its image signal processors and the CSI ports, which need
// libcamera and made fswebcam crash (systemd/systemd#21054, node-webcam pull request 62).
const NO_WEBCAM = /^(?:bcm2835-(?:codec|isp)|rpivid|rpi-hevc-dec|pispbe|rp1-cfe|unicam)|m2m/;
const NODE_NAME = /^video(\d{1,3})$/;
const LINK_NAME = /^v4l\/by-(?:id|path)\/[A-Za-z0-9_.:@+=#,-]+$/;
const NAMED_MAX = 5; // cameras named in one message

async function nodeNames(folders: DeviceFolders): Promise<readonly string[]> {
  const names = (await listFolder(folders.sysfs)).filter((name) => NODE_NAME.test(name));
  return names.sort((one, other) => numberOf(one) - numberOf(other));
}

function numberOf(name: string): number {
  return Number(NODE_NAME.exec(name)?.[1]);
}

/** What sysfs knows of a node. */
async function videoNode(name: string, folders: DeviceFolders): Promise<VideoNode> {
  const folder = join(folders.sysfs, name);
  const node = join(folders.dev, name);
  const title = (await readSystemText(join(folder, 'name'))) ?? '';
  const driver = basename((await resolveLink(join(folder, 'device', 'driver'))) ?? '');
  // A UVC camera has a second node for metadata: only index 0 gives pictures.
  const first = (await readSystemText(join(folder, 'index'))) === '0';
  const role = first && !NO_WEBCAM.test(title) && !NO_WEBCAM.test(driver) ? 'webcam' : 'other';
  return { node, name: title, driver, role };
}

/** Only what passes for a webcam is asked: opening some of the Pi's own nodes wakes its hardware. */
async function askedNode(name: string, folders: DeviceFolders): Promise<VideoNode> {
  const found = await videoNode(name, folders);
  if (found.role === 'other' || (await folders.givesPictures?.(found.node)) !== false) return found;
  return { ...found, role: 'other' };
}

/** A named node that sysfs takes for no webcam is used all the same, unless the node itself says that it is none. */
async function isOfOtherKind(node: string, folders: DeviceFolders): Promise<boolean> {
  const { role } = await videoNode(basename(node), folders);
  return role === 'other' && (await folders.givesPictures?.(node)) === false;
}

async function firstCamera(folders: DeviceFolders): Promise<string | CaptureFailure> {
  const names = await nodeNames(folders);
  for (const name of names) {
    const { node, role } = await askedNode(name, folders);
    if (role === 'webcam') return node;
  }
  return noCamera(
    names.length === 0 ? 'there is no capture device' : `none of ${names.join(', ')} is a webcam`,
  );
}

async function namedCamera(device: string, folders: DeviceFolders): Promise<string | CaptureFailure> {
  const name = device.startsWith(`${folders.dev}/`) ? device.slice(folders.dev.length + 1) : '';
  if (NODE_NAME.test(name)) return device;
  if (!LINK_NAME.test(name)) return noCamera(`${JSON.stringify(device)} is not the name of a capture device`);
  // fswebcam cuts a device name at its first colon, and by-path names hold some: it gets the node instead.
  const node = await resolveLink(device);
  if (node === undefined) return missing(`${device} does not exist`, folders);
  const target = node.startsWith(`${folders.dev}/`) ? node.slice(folders.dev.length + 1) : '';
  return NODE_NAME.test(target) ? node : noCamera(`${device} leads to ${node}, which is no capture device`);
}

/** Names what is there instead: somebody may have swapped the camera, or plugged it in elsewhere. */
async function missing(what: string, folders: DeviceFolders): Promise<CaptureFailure> {
  const nodes = await Promise.all((await nodeNames(folders)).map((name) => videoNode(name, folders)));
  const webcams = nodes.filter(({ role }) => role === 'webcam');
  const there = webcams.slice(0, NAMED_MAX).map(({ node, name }) => `${node} (${name})`);
  return noCamera(
    there.length === 0 ? `${what}, and no webcam is there` : `${what}; there is ${there.join(', ')}`,
  );
}

/** The machine does not say which devices it has: it is out of descriptors or memory, or we may not look. */
function unreadable(error: OperatingError): CaptureFailure {
  const denied = ['EACCES', 'EPERM'].includes(errorCode(error) ?? '');
  return failed(
    denied ? 'permission' : 'busy',
    `Cannot find camera: ${error.message}`,
    denied ? 'Let this user read that folder' : 'End other programs, or restart the service',
  );
}

function noCamera(what: string): CaptureFailure {
  return failed(
    'noDevice',
    `Cannot find camera: ${what}`,
    'Plug the camera in, or set camera.device to one that shutterd cameras lists',
  );
}
