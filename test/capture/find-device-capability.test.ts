import assert from 'node:assert/strict';
import { findDevice, systemDevices, type DeviceFolders } from '../../src/capture/find-device.ts';
import { createDeviceTree, type DeviceTree } from './device-tree.ts';

describe('findDevice() with what the nodes say of themselves', () => {
  let tree: DeviceTree;
  let asked: string[];
  let folders: DeviceFolders;

  beforeEach(() => {
    tree = createDeviceTree();
    asked = [];
    folders = saying({});
  });

  afterEach(() => {
    tree.remove();
  });

  /** Answers by the node's name; what is not in it does not answer. */
  function saying(answers: Readonly<Record<string, boolean>>): DeviceFolders {
    return {
      ...tree.folders,
      givesPictures: async (node) => {
        const name = node.slice(node.lastIndexOf('/') + 1);
        asked.push(name);
        return answers[name];
      },
    };
  }

  const find = async (device: string): Promise<string> => {
    const found = await findDevice(device, folders);
    return found.kind === 'found' ? found.node : found.cause;
  };

  it('takes no node that says it gives no pictures', async () => {
    tree.plugIn('video0', { name: 'Dummy video device', driver: 'v4l2loopback' });
    tree.plugIn('video10', { driver: 'bcm2835-codec' });
    folders = saying({ video0: false });
    assert.equal(await find('auto'), 'noDevice');
    assert.deepEqual(asked, ['video0']);
  });

  it('goes on to the next one', async () => {
    tree.plugIn('video0', { driver: 'v4l2loopback' });
    const webcam = tree.plugIn('video2');
    folders = saying({ video0: false, video2: true });
    assert.equal(await find('auto'), webcam);
  });

  it('takes a webcam that does not answer: the capture says what is wrong', async () => {
    const webcam = tree.plugIn('video0');
    assert.equal(await find('auto'), webcam);
  });

  it('refuses a metadata node that was named, and only asks where sysfs is in doubt', async () => {
    const webcam = tree.plugIn('video0');
    const metadata = tree.plugIn('video1', { index: '1' });
    folders = saying({ video1: false });
    assert.equal(await find(webcam), webcam);
    assert.deepEqual(asked, []);
    const found = await findDevice(metadata, folders);
    assert.ok(found.kind === 'failed' && found.cause === 'noDevice');
    assert.match(found.detail, /video1 gives no pictures: .*; there is .*video0 \(HD Webcam: HD Webcam\)$/);
  });

  it('takes a second capture node of one camera when it is named', async () => {
    const depth = tree.plugIn('video2', { index: '2' });
    folders = saying({ video2: true });
    assert.equal(await find(depth), depth);
  });

  it('takes no other camera for one that is gone, and names what is there', async () => {
    tree.plugIn('video0', { name: 'Other Cam' });
    tree.plugIn('video1', { name: 'Other Cam', index: '1' });
    const link = tree.at('v4l/by-id/usb-Maker_HD-Webcam_1234-video-index0');
    for (const device of [link, tree.at('video7')]) {
      const found = await findDevice(device, folders);
      assert.ok(found.kind === 'failed' && found.cause === 'noDevice');
      assert.match(found.detail, / does not exist; there is \S+video0 \(Other Cam\)$/);
    }
    assert.deepEqual(asked, []);
  });

  it('follows a link to the new node after a replug', async () => {
    const link = tree.link('v4l/by-id/usb-Maker_HD-Webcam_1234-video-index0', tree.plugIn('video0'));
    assert.equal(await find(link), tree.at('video0'));
    tree.unplug('video0');
    assert.equal(await find(link), 'noDevice');
    tree.remove();
    tree = createDeviceTree();
    folders = saying({});
    const again = tree.link('v4l/by-id/usb-Maker_HD-Webcam_1234-video-index0', tree.plugIn('video2'));
    assert.equal(await find(again), tree.at('video2'));
  });
});

describe('systemDevices()', () => {
  it('has no opinion where v4l2-ctl is missing or fails', async () => {
    for (const answer of [{ kind: 'missing' }, { kind: 'failed', detail: 'x' }] as const) {
      const devices = systemDevices({ givesPictures: async () => answer });
      assert.equal(await devices.givesPictures?.('/dev/video0'), undefined);
    }
  });

  it('passes on what the node says', async () => {
    for (const value of [true, false, undefined]) {
      const devices = systemDevices({ givesPictures: async () => ({ kind: 'answer', value }) });
      assert.equal(await devices.givesPictures?.('/dev/video0'), value);
    }
  });
});
