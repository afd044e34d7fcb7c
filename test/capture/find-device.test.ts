import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findDevice, SYSTEM_DEVICES, type DeviceFolders } from '../../src/capture/find-device.ts';

describe('findDevice()', () => {
  let root: string;
  let folders: DeviceFolders;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'shutterd-devices-'));
    mkdirSync(join(root, 'dev/v4l/by-id'), { recursive: true });
    mkdirSync(join(root, 'dev/v4l/by-path'));
    mkdirSync(join(root, 'sys'));
    folders = {
      sysfs: join(root, 'sys'),
      dev: join(root, 'dev'),
      // Device nodes cannot be made without privileges: a file stands for one.
      pathKind: async (path) => {
        const kind = await SYSTEM_DEVICES.pathKind(path);
        return kind === 'file' ? 'characterDevice' : kind;
      },
      canReadAndWrite: SYSTEM_DEVICES.canReadAndWrite,
    };
  });

  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  function plugIn(node: string, facts: { name?: string; index?: string; driver?: string } = {}): string {
    const folder = join(root, 'sys', node);
    const driver = join(root, 'drivers', facts.driver ?? 'uvcvideo');
    mkdirSync(join(folder, 'device'), { recursive: true });
    mkdirSync(driver, { recursive: true });
    symlinkSync(driver, join(folder, 'device', 'driver'));
    writeFileSync(join(folder, 'name'), `${facts.name ?? 'HD Webcam: HD Webcam'}\n`);
    writeFileSync(join(folder, 'index'), `${facts.index ?? '0'}\n`);
    writeFileSync(join(root, 'dev', node), '');
    return join(root, 'dev', node);
  }

  const find = async (device: string): Promise<string> => {
    const found = await findDevice(device, folders);
    return found.kind === 'found' ? found.node : found.cause;
  };

  it('says noDevice and what to do where nothing is plugged in', async () => {
    for (const lost of [folders, { ...folders, sysfs: join(root, 'none') }]) {
      const found = await findDevice('auto', lost);
      assert.ok(found.kind === 'failed' && found.cause === 'noDevice');
      assert.match(found.remedy, /Plug the camera in/);
    }
  });

  it('says that it may not or cannot look, and does not reject, where the devices cannot be listed', async () => {
    const circle = join(root, 'circle');
    symlinkSync(circle, circle);
    for (const device of ['auto', join(root, 'dev', 'video7')]) {
      const found = await findDevice(device, { ...folders, sysfs: circle });
      assert.ok(found.kind === 'failed' && found.cause === 'busy');
      assert.match(found.detail, /^Cannot find camera: Cannot read folder .*circle: ELOOP/);
    }
  });

  it('takes no codec, image signal processor, CSI port or metadata node for a camera', async () => {
    plugIn('video0', { index: '1' });
    plugIn('video10', { name: 'bcm2835-codec-decode', driver: 'bcm2835-codec' });
    plugIn('video13', { name: 'bcm2835-isp-output0', driver: 'bcm2835-isp' });
    plugIn('video19', { name: 'rpivid', driver: 'rpivid' });
    plugIn('video20', { name: 'pispbe-input', driver: 'pispbe' });
    plugIn('video21', { name: 'rp1-cfe-csi2_ch0', driver: 'rp1-cfe' });
    plugIn('video22', { name: 'unicam-image', driver: 'unicam' });
    plugIn('video23', { name: 'stateful-m2m', driver: 'other' });
    assert.equal(await find('auto'), 'noDevice');
  });

  it('takes the lowest number, not the first name', async () => {
    plugIn('video10');
    plugIn('video9', { name: 'rpi-hevc-dec' });
    const node = plugIn('video2');
    plugIn('video3', { index: '1' });
    assert.equal(await find('auto'), node);
  });

  it('looks anew each time', async () => {
    const first = plugIn('video0');
    assert.equal(await find('auto'), first);
    rmSync(join(root, 'sys/video0'), { recursive: true });
    const second = plugIn('video2');
    assert.equal(await find('auto'), second);
  });

  it('takes a node by its name', async () => {
    const node = plugIn('video4');
    assert.equal(await find(node), node);
    assert.equal(await find(join(root, 'dev/video5')), 'noDevice');
  });

  it('resolves links below v4l to their node, colons included', async () => {
    const node = plugIn('video0');
    for (const link of [
      'v4l/by-id/usb-Maker_HD-Webcam_1234-video-index0',
      'v4l/by-path/platform-pci-0000:01:00.0-usb-0:1.3:1.0-video-index0',
    ]) {
      const path = join(root, 'dev', link);
      symlinkSync(node, path);
      assert.equal(await find(path), node);
    }
  });

  it('refuses a link that leads elsewhere or nowhere', async () => {
    const secret = join(root, 'secret');
    writeFileSync(secret, '');
    symlinkSync(secret, join(root, 'dev/v4l/by-id/elsewhere'));
    symlinkSync(join(root, 'gone'), join(root, 'dev/v4l/by-id/nowhere'));
    for (const name of ['elsewhere', 'nowhere', '../by-id/elsewhere']) {
      assert.equal(await find(`${root}/dev/v4l/by-id/${name}`), 'noDevice');
    }
  });

  it('refuses other names', async () => {
    for (const name of [
      '',
      'TEST',
      '/etc/passwd',
      '/dev/null',
      `${root}/dev/video0 x`,
      `${root}/dev/../dev/video0`,
    ]) {
      assert.equal(await find(name), 'noDevice', name);
    }
  });

  it('refuses a node that is no character device', async () => {
    const node = plugIn('video0');
    folders = { ...folders, pathKind: SYSTEM_DEVICES.pathKind };
    assert.equal(await find(node), 'noDevice');
  });

  it('says permission and names the group where the node may not be opened', async () => {
    const node = plugIn('video0');
    const found = await findDevice(node, { ...folders, canReadAndWrite: () => Promise.resolve(false) });
    assert.ok(found.kind === 'failed' && found.cause === 'permission');
    assert.match(found.remedy, /group video/);
  });
});
