import assert from 'node:assert/strict';
import type { ListedCamera } from '../../src/capture/list-cameras.ts';
import { camerasCommand, cameraTable } from '../../src/cli/cameras.ts';
import type { Context } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createFixedRandom } from '../helpers/fixed-random.ts';

const WEBCAM: ListedCamera = {
  device: '/dev/v4l/by-id/usb-Maker_HD-Webcam_1234-video-index0',
  node: '/dev/video0',
  name: 'HD Webcam',
  driver: 'uvcvideo',
  formats: [
    { fourcc: 'MJPG', sizes: ['640x480', '1280x720'] },
    { fourcc: 'YUYV', sizes: ['640x480'] },
    { fourcc: 'H264', sizes: [] },
  ],
  auto: true,
};

describe('cameraTable()', () => {
  it('says what was looked at and what helps where there is no webcam', () => {
    const codec = {
      node: '/dev/video10',
      name: 'bcm2835-codec-decode',
      driver: 'bcm2835-codec',
      role: 'other',
    } as const;
    assert.match(
      cameraTable({ cameras: [], others: [] }),
      /^Cannot find a camera: \/sys\/class\/video4linux lists no/,
    );
    const text = cameraTable({ cameras: [], others: [codec] });
    assert.match(
      text,
      /^Cannot find a camera: no webcam is among \/dev\/video10 \(bcm2835-codec-decode\)\nPlug /,
    );
    assert.match(text, /camera\.device=TEST\n$/);
  });

  it('has the problem of a camera in the place of its formats', () => {
    const closed = { ...WEBCAM, formats: [], problem: 'this user may not open it: usermod -aG video USER' };
    assert.match(cameraTable({ cameras: [closed], others: [] }), /uvcvideo {2}this user may not open it/);
  });

  it('has one line a camera, a star at what auto takes, and the setting to copy', () => {
    const other = { ...WEBCAM, device: '/dev/video2', node: '/dev/video2', formats: [], auto: false };
    assert.deepEqual(cameraTable({ cameras: [WEBCAM, other], others: [] }).split('\n'), [
      '  *  /dev/v4l/by-id/usb-Maker_HD-Webcam_1234-video-index0  /dev/video0  uvcvideo  MJPG 640x480,1280x720; YUYV 640x480; H264',
      '     /dev/video2                                           /dev/video2  uvcvideo',
      '',
      '* is what camera.device=auto takes. To name it for good:',
      '    camera.device=/dev/v4l/by-id/usb-Maker_HD-Webcam_1234-video-index0',
      '',
    ]);
  });

  it('offers no setting where udev gave the camera no stable name', () => {
    const text = cameraTable({ cameras: [{ ...WEBCAM, device: WEBCAM.node }], others: [] });
    assert.doesNotMatch(text, /camera\.device=/);
  });
});

describe('shutterd cameras', () => {
  async function run(...flags: readonly string[]): Promise<{ exit: number; out: string; err: string }> {
    let out = '';
    let err = '';
    const context: Context = {
      machine: {
        ...{ hostName: 'pi-1', userId: 1000, env: { PATH: '/usr/bin:/bin' }, nodePath: process.execPath },
        kill: (pid, signal) => process.kill(pid, signal),
        temporaryFolder: '/tmp',
      },
      ...{ clock: createSystemClock(), random: createFixedRandom(), version: '0.0.0' },
      out: (text) => (out += Buffer.from(text).toString()),
      err: (text) => (err += text),
      outIsTerminal: false,
      stop: new AbortController().signal,
      onHangUp: () => undefined,
      onUserSignal: () => undefined,
    };
    const exit = await runCli([camerasCommand.name, ...flags], COMMANDS, context);
    return { exit, out, err };
  }

  it('exits 0 and prints what it found, with or without a camera on this machine', async () => {
    const { exit, out, err } = await run();
    assert.deepEqual([exit, err], [0, '']);
    assert.match(out, /^Cannot find a camera: |\/dev\/video\d/);
  });

  it('prints one JSON object with --json', async () => {
    const { exit, out } = await run('--json');
    assert.equal(exit, 0);
    const list = JSON.parse(out) as { cameras: unknown; others: unknown };
    assert.ok(Array.isArray(list.cameras) && Array.isArray(list.others));
  });
});
