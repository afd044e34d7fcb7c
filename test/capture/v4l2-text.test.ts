import assert from 'node:assert/strict';
import { givesPictures, parseControls, parseFormats } from '../../src/capture/v4l2-text.ts';
import { CONTROLS, info } from './v4l2-samples.ts';

describe('givesPictures()', () => {
  const nodes: readonly [string, string, boolean | undefined][] = [
    ['no text', '', undefined],
    ['an error', 'Cannot open device /dev/video9, exiting.\n', undefined],
    ['a webcam', info('0x84a00001', '0x04200001'), true],
    ['the metadata node of that webcam', info('0x84a00001', '0x04a00000'), false],
    ['a multiplanar camera', info('0x84201000', '0x04201000'), true],
    ['a codec', info('0x84204000', '0x04204000'), false],
    ['a codec of one plane that also says capture', info('0x84208001', '0x04208001'), false],
    ['an output of v4l2loopback', info('0x85200003', '0x05200002'), false],
    ['a driver of old without Device Caps', info('0x05000001'), true],
  ];
  for (const [what, text, expected] of nodes) {
    it(`says ${String(expected)} of ${what}`, () => {
      assert.equal(givesPictures(text), expected);
    });
  }
});

describe('parseFormats()', () => {
  it('finds none in an error', () => {
    assert.deepEqual(parseFormats('VIDIOC_ENUM_FMT: failed: No such device\n'), []);
  });

  it('finds formats and sizes, each once, without intervals', () => {
    const text = `ioctl: VIDIOC_ENUM_FMT
	Type: Video Capture

	[0]: 'MJPG' (Motion-JPEG, compressed)
		Size: Discrete 640x480
			Interval: Discrete 0.033s (30.000 fps)
			Interval: Discrete 0.067s (15.000 fps)
		Size: Discrete 1920x1080
			Interval: Discrete 0.033s (30.000 fps)
		Size: Discrete 640x480
			Interval: Discrete 0.033s (30.000 fps)
	[1]: 'YUYV' (YUYV 4:2:2)
		Size: Stepwise 16x16 - 1920x1080 with step 2/2
	[2]: 'Y16 ' (16-bit Greyscale)
		Size: Continuous 16x16 - 640x480
	[3]: 'H264' (H.264, compressed)
`;
    assert.deepEqual(parseFormats(text), [
      { fourcc: 'MJPG', sizes: ['640x480', '1920x1080'] },
      { fourcc: 'YUYV', sizes: ['16x16-1920x1080'] },
      { fourcc: 'Y16', sizes: ['16x16-640x480'] },
      { fourcc: 'H264', sizes: [] },
    ]);
  });
});

describe('parseControls()', () => {
  it('finds none in an error or an empty list', () => {
    for (const text of ['', '\nUser Controls\n\n', 'Cannot open device /dev/video0, exiting.\n']) {
      assert.deepEqual(parseControls(text), []);
    }
  });

  it('reads type, range, value, menu and flags', () => {
    const controls = new Map(parseControls(CONTROLS).map((control) => [control.name, control]));
    assert.deepEqual(controls.get('brightness'), {
      ...{ name: 'brightness', type: 'int', value: 0, min: -64, max: 64, step: 1, choices: [], flags: [] },
    });
    assert.deepEqual(controls.get('white_balance_automatic'), {
      ...{ name: 'white_balance_automatic', type: 'bool', value: 1, min: 0, max: 1, step: 1 },
      ...{ choices: [], flags: [] },
    });
    assert.deepEqual(controls.get('auto_exposure'), {
      ...{ name: 'auto_exposure', type: 'menu', value: 3, min: 0, max: 3, step: 1 },
      ...{ choices: [1, 3], flags: [] },
    });
    assert.deepEqual(controls.get('exposure_time_absolute')?.flags, ['inactive']);
    assert.deepEqual(controls.get('privacy')?.flags, ['read-only', 'volatile']);
    assert.equal(controls.get('zoom_reset')?.type, 'button');
    assert.equal(controls.get('link_frequency')?.type, 'intmenu');
    assert.deepEqual(controls.get('link_frequency')?.choices, [0, 1]);
    assert.equal(controls.size, 11);
  });
});
