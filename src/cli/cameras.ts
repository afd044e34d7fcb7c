// `shutterd cameras`: lists the webcams of this machine, their stable names and formats; it takes no picture.
import { SYSTEM_DEVICES, systemDevices, type VideoNode } from '../capture/find-device.ts';
import { listCameras, type CameraList, type ListedCamera } from '../capture/list-cameras.ts';
import { createV4l2 } from '../capture/v4l2-ctl.ts';
import { searchPath } from '../support/machine.ts';
import { createRunProcess } from '../support/run-process.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { columns } from './help.ts';
import type { Arguments } from './parse-arguments.ts';

export const camerasCommand: Command = {
  name: 'cameras',
  summary: 'lists capture devices: stable name, node, driver, formats, sizes; * is what auto takes',
  usage: '',
  flags: {},
  operands: [],
  exits: {},
  examples: ['shutterd cameras', 'shutterd cameras --json'],
  run: cameras,
};

async function cameras(args: Arguments, context: Context): Promise<number> {
  const { clock, machine } = context;
  const v4l2 = createV4l2({
    clock,
    runProcess: createRunProcess({ clock, kill: machine.kill }),
    searchPath: searchPath(machine),
  });
  const list = await listCameras(systemDevices(v4l2), v4l2);
  context.out(args.isSet('json') ? `${JSON.stringify(list)}\n` : cameraTable(list));
  return EXIT.ok;
}

/** One line a camera, then what to copy into the configuration; without a camera, what was looked at and what helps. */
export function cameraTable({ cameras: found, others }: CameraList): string {
  if (found.length === 0) return `${noCamera(others)}\n`;
  const rows = found.map((camera) => [
    camera.auto ? '*' : ' ',
    camera.device,
    camera.node,
    camera.driver,
    camera.problem ?? formatsOf(camera),
  ]);
  const usual = found.find(({ auto }) => auto);
  const hint =
    usual === undefined || usual.device === usual.node // no link below /dev/v4l: no name is for good
      ? []
      : ['', '* is what camera.device=auto takes. To name it for good:', `    camera.device=${usual.device}`];
  return `${[...columns(rows), ...hint].join('\n')}\n`;
}

function formatsOf({ formats }: ListedCamera): string {
  return formats.map(({ fourcc, sizes }) => `${fourcc} ${sizes.join(',')}`.trimEnd()).join('; ');
}

function noCamera(others: readonly VideoNode[]): string {
  const looked = others.map(({ node, name }) => `${node} (${name})`).join(', ');
  return [
    others.length === 0
      ? `Cannot find a camera: ${SYSTEM_DEVICES.sysfs} lists no capture device`
      : `Cannot find a camera: no webcam is among ${looked}`,
    'Plug the USB camera in, directly or through a hub with its own power supply; lsusb and dmesg show whether it is seen',
    'Without a camera: camera.driver=test, or camera.device=TEST',
  ].join('\n');
}
