// A machine's capture devices as folders: sysfs and /dev in a temporary folder, a file for each device node.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SYSTEM_DEVICES, type DeviceFolders } from '../../src/capture/find-device.ts';

export interface DeviceTree {
  readonly folders: DeviceFolders;
  /** The path of a node or link below its /dev. */
  at(name: string): string;
  /** Plugs a device in and returns its node. */
  plugIn(node: string, facts?: { name?: string; index?: string; driver?: string }): string;
  unplug(node: string): void;
  /** Makes a link below /dev, as udev does. */
  link(name: string, node: string): string;
  remove(): void;
}

export function createDeviceTree(): DeviceTree {
  const root = mkdtempSync(join(tmpdir(), 'shutterd-devices-'));
  const at = (name: string): string => join(root, 'dev', name);
  mkdirSync(join(root, 'dev'));
  mkdirSync(join(root, 'sys'));
  return {
    folders: {
      sysfs: join(root, 'sys'),
      dev: join(root, 'dev'),
      // Device nodes cannot be made without privileges: a file stands for one.
      pathKind: async (path) => {
        const kind = await SYSTEM_DEVICES.pathKind(path);
        return kind === 'file' ? 'characterDevice' : kind;
      },
      canReadAndWrite: SYSTEM_DEVICES.canReadAndWrite,
    },
    at,
    plugIn(node, { name = 'HD Webcam: HD Webcam', index = '0', driver = 'uvcvideo' } = {}) {
      const folder = join(root, 'sys', node);
      mkdirSync(join(folder, 'device'), { recursive: true });
      mkdirSync(join(root, 'drivers', driver), { recursive: true });
      symlinkSync(join(root, 'drivers', driver), join(folder, 'device', 'driver'));
      writeFileSync(join(folder, 'name'), `${name}\n`);
      writeFileSync(join(folder, 'index'), `${index}\n`);
      writeFileSync(at(node), '');
      return at(node);
    },
    unplug(node) {
      rmSync(join(root, 'sys', node), { recursive: true });
      rmSync(at(node));
    },
    link(name, node) {
      mkdirSync(dirname(at(name)), { recursive: true });
      symlinkSync(node, at(name));
      return at(name);
    },
    remove() {
      rmSync(root, { recursive: true, force: true });
    },
  };
}
