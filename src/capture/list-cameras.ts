// Lists the webcams of this machine with their stable names and formats, and which one `auto` takes; it takes no picture.
import { join } from 'node:path';
import { listFolder, resolveLink } from '../support/files.ts';
import { findDevice, listVideoNodes, type DeviceFolders, type VideoNode } from './find-device.ts';
import type { V4l2 } from './v4l2-ctl.ts';
import type { PixelFormat } from './v4l2-text.ts';

export interface ListedCamera {
  /** For `camera.device`: a name that stays with the camera, else one that stays with its socket, else the node. */
  readonly device: string;
  readonly node: string;
  readonly name: string;
  readonly driver: string;
  /** Empty where the camera did not say; `problem` has the reason. */
  readonly formats: readonly PixelFormat[];
  readonly problem?: string;
  /** Whether `camera.device=auto` takes it. */
  readonly auto: boolean;
}

export interface CameraList {
  readonly cameras: readonly ListedCamera[];
  /** The other V4L2 nodes that were looked at. */
  readonly others: readonly VideoNode[];
}

export async function listCameras(folders: DeviceFolders, v4l2: Pick<V4l2, 'formats'>): Promise<CameraList> {
  const nodes = await listVideoNodes(folders);
  const webcams = nodes.filter(({ role }) => role === 'webcam');
  const names = await stableNames(webcams, folders);
  const auto = await findDevice('auto', folders);
  const [first] = webcams; // where auto may not open its camera, it is still that camera
  const taken = auto.kind === 'found' ? auto.node : first?.node;
  const cameras: ListedCamera[] = [];
  for (const { node, name, driver } of webcams) {
    const device = names.get(node) ?? node;
    cameras.push({
      device,
      node,
      name,
      driver,
      auto: node === taken,
      ...(await formatsOf(node, folders, v4l2)),
    });
  }
  return { cameras, others: nodes.filter(({ role }) => role === 'other') };
}

async function formatsOf(
  node: string,
  folders: DeviceFolders,
  v4l2: Pick<V4l2, 'formats'>,
): Promise<Pick<ListedCamera, 'formats' | 'problem'>> {
  if (!(await folders.canReadAndWrite(node))) {
    const problem = 'this user may not open it: usermod -aG video USER, then log in again';
    return { formats: [], problem };
  }
  const answer = await v4l2.formats(node);
  switch (answer.kind) {
    case 'answer':
      return { formats: answer.value };
    case 'missing':
      return { formats: [], problem: 'formats unknown: sudo apt-get install v4l-utils' };
    case 'failed':
      return { formats: [], problem: answer.detail };
  }
}

/** By node: the link below by-id, where it is this camera's alone, else the one below by-path. */
async function stableNames(
  webcams: readonly VideoNode[],
  folders: DeviceFolders,
): Promise<ReadonlyMap<string, string>> {
  const byId = await linksByNode(join(folders.dev, 'v4l', 'by-id'));
  const byPath = await linksByNode(join(folders.dev, 'v4l', 'by-path'));
  const names = new Map<string, string>();
  for (const webcam of webcams) {
    // Twins without a serial number share one name, and the link leads to whichever came last (udev's v4l rules).
    const twin = webcams.some(
      ({ node, name }) => node !== webcam.node && name === webcam.name && !byId.has(node),
    );
    const id = twin ? undefined : byId.get(webcam.node);
    const name = id ?? byPath.get(webcam.node);
    if (name !== undefined) names.set(webcam.node, name);
  }
  return names;
}

async function linksByNode(folder: string): Promise<ReadonlyMap<string, string>> {
  const links = new Map<string, string>();
  for (const name of await listFolder(folder)) {
    const node = await resolveLink(join(folder, name));
    if (node !== undefined && !links.has(node)) links.set(node, join(folder, name));
  }
  return links;
}
