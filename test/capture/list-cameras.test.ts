import assert from 'node:assert/strict';
import { listCameras } from '../../src/capture/list-cameras.ts';
import type { Answer, V4l2 } from '../../src/capture/v4l2-ctl.ts';
import type { PixelFormat } from '../../src/capture/v4l2-text.ts';
import { createDeviceTree, type DeviceTree } from './device-tree.ts';

const MJPG: readonly PixelFormat[] = [{ fourcc: 'MJPG', sizes: ['640x480', '1280x720'] }];

function answering(answer: Answer<readonly PixelFormat[]>): Pick<V4l2, 'formats'> {
  return { formats: async () => answer };
}

const good = answering({ kind: 'answer', value: MJPG });

describe('listCameras()', () => {
  let tree: DeviceTree;

  beforeEach(() => {
    tree = createDeviceTree();
  });

  afterEach(() => {
    tree.remove();
  });

  it('is empty where nothing is plugged in', async () => {
    assert.deepEqual(await listCameras(tree.folders, good), { cameras: [], others: [] });
  });

  it('lists codecs and metadata nodes as others', async () => {
    tree.plugIn('video1', { index: '1' });
    tree.plugIn('video10', { name: 'bcm2835-codec-decode', driver: 'bcm2835-codec' });
    const { cameras, others } = await listCameras(tree.folders, good);
    assert.deepEqual(cameras, []);
    assert.deepEqual(
      others.map(({ node }) => node),
      [tree.at('video1'), tree.at('video10')],
    );
  });

  it('says what helps where formats cannot be asked for', async () => {
    tree.plugIn('video0');
    const closed = { ...tree.folders, canReadAndWrite: () => Promise.resolve(false) };
    const cases = [
      [closed, good, /usermod -aG video/],
      [tree.folders, answering({ kind: 'missing' }), /apt-get install v4l-utils/],
      [tree.folders, answering({ kind: 'failed', detail: 'it hangs' }), /^it hangs$/],
    ] as const;
    for (const [folders, v4l2, expected] of cases) {
      const [camera] = (await listCameras(folders, v4l2)).cameras;
      assert.match(camera?.problem ?? '', expected);
      assert.deepEqual([camera?.formats, camera?.auto], [[], true]);
    }
  });

  it('names each camera by its by-id link, else its by-path link, else its node, and marks what auto takes', async () => {
    tree.link('v4l/by-id/usb-A-video-index0', tree.plugIn('video0', { name: 'A' }));
    tree.link('v4l/by-path/pci-0000:01:00.0-usb-0:1.1:1.0-video-index0', tree.at('video0'));
    tree.link(
      'v4l/by-path/pci-0000:01:00.0-usb-0:1.2:1.0-video-index0',
      tree.plugIn('video2', { name: 'B' }),
    );
    tree.plugIn('video4', { name: 'C' });
    const { cameras } = await listCameras(tree.folders, good);
    assert.deepEqual(
      cameras.map(({ device, auto }) => [device, auto]),
      [
        [tree.at('v4l/by-id/usb-A-video-index0'), true],
        [tree.at('v4l/by-path/pci-0000:01:00.0-usb-0:1.2:1.0-video-index0'), false],
        [tree.at('video4'), false],
      ],
    );
    assert.deepEqual(cameras[0], {
      ...{ device: tree.at('v4l/by-id/usb-A-video-index0'), node: tree.at('video0'), name: 'A' },
      ...{ driver: 'uvcvideo', formats: MJPG, auto: true },
    });
  });

  it('names twins by their socket: they share one by-id link', async () => {
    tree.plugIn('video0', { name: 'Twin' });
    tree.link('v4l/by-id/usb-Twin-video-index0', tree.plugIn('video2', { name: 'Twin' }));
    tree.link('v4l/by-path/usb-0:1.1-video-index0', tree.at('video0'));
    tree.link('v4l/by-path/usb-0:1.2-video-index0', tree.at('video2'));
    const { cameras } = await listCameras(tree.folders, good);
    assert.deepEqual(
      cameras.map(({ device }) => device),
      [tree.at('v4l/by-path/usb-0:1.1-video-index0'), tree.at('v4l/by-path/usb-0:1.2-video-index0')],
    );
  });
});
