import assert from 'node:assert/strict';
import { createCameraWatch, type CameraWatch } from '../../src/capture/camera-watch.ts';
import { failed } from '../../src/capture/driver.ts';
import type { FoundDevice } from '../../src/capture/find-device.ts';
import type { CaptureCause, CaptureOutcome } from '../../src/domain.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog, type RecordingLog } from '../helpers/recording-log.ts';

const CAMERA = { driver: 'node-webcam', device: 'auto' };
const THERE: FoundDevice = { kind: 'found', node: '/dev/video0' };
const GONE = failed('noDevice', 'Cannot find camera: there is no capture device', 'Plug it in');
const GOOD: CaptureOutcome = {
  kind: 'captured',
  frame: { jpeg: new Uint8Array(), widthPx: 1, heightPx: 1, capturedAt: new Date(0) },
};

const bad = (cause: CaptureCause): CaptureOutcome => failed(cause, 'what is so', 'what to do');

describe('createCameraWatch()', () => {
  let clock: FakeClock;
  let log: RecordingLog;
  let device: FoundDevice;
  let looks: number;
  let ending: AbortController;
  let watch: CameraWatch;
  let watching: Promise<void>;

  beforeEach(() => {
    clock = createFakeClock();
    log = createRecordingLog();
    looks = 0;
    ending = new AbortController();
    watching = Promise.resolve();
  });

  afterEach(async () => {
    ending.abort();
    await watching;
    assert.equal(clock.timers(), 0, 'it leaves no timer behind');
  });

  async function start(now: FoundDevice): Promise<void> {
    device = now;
    const find = async (): Promise<FoundDevice> => {
      looks += 1;
      return device;
    };
    watch = createCameraWatch({ clock, log, camera: CAMERA, find });
    watching = watch.watch(ending.signal);
    await settle();
  }

  it('says camera.lost at once where the camera is absent at the start, and camera.found when it appears', async () => {
    await start(GONE);
    assert.deepEqual(log.summary(), ['error camera.lost']);
    const { detail, remedy } = GONE;
    assert.deepEqual(log.lines[0]?.fields, { ...CAMERA, cause: 'noDevice', detail, remedy, failures: 0 });
    await clock.advance(12_000);
    device = THERE;
    await clock.advance(5000);
    assert.deepEqual(log.summary(), ['error camera.lost', 'info camera.found']);
    assert.deepEqual(log.lines[1]?.fields, { ...CAMERA, node: '/dev/video0', lostSeconds: 15 });
  });

  it('says camera.lost once after three failures in a row, and camera.found at the next good frame', async () => {
    await start(THERE);
    for (const cause of ['timeout', 'badFrame', 'timeout', 'timeout', 'wedged'] as const)
      watch.captured(bad(cause));
    assert.deepEqual(log.summary(), ['error camera.lost']);
    assert.equal(log.lines[0]?.fields['cause'], 'timeout');
    watch.captured(GOOD);
    watch.captured(GOOD);
    assert.deepEqual(log.summary(), ['error camera.lost', 'info camera.found']);
  });

  it('knows a failure of a lost camera once its cause was said, and nothing any more when it was found', async () => {
    await start(THERE);
    const causes = ['timeout', 'timeout', 'timeout', 'timeout', 'busy', 'timeout', 'busy', 'wedged'] as const;
    assert.deepEqual(
      causes.map((cause) => watch.captured(bad(cause))),
      ['news', 'news', 'news', 'known', 'news', 'known', 'known', 'news'],
    );
    assert.equal(watch.captured(GOOD), 'news');
    assert.equal(watch.captured(bad('timeout')), 'news');
  });

  it('takes the first failure of a camera that was lost before any capture for news, each cause once', async () => {
    await start(GONE);
    assert.deepEqual(
      (['noDevice', 'noDevice', 'permission'] as const).map((cause) => watch.captured(bad(cause))),
      ['news', 'known', 'news'],
    );
  });

  it('counts failures in a row only', async () => {
    await start(THERE);
    for (let turn = 0; turn < 4; turn += 1) {
      watch.captured(bad('badFrame'));
      watch.captured(bad('badFrame'));
      watch.captured(GOOD);
    }
    assert.deepEqual(log.lines, []);
  });

  it('does not take a camera that is there and fails for found, until it was unplugged and is back', async () => {
    await start(THERE);
    for (let turn = 0; turn < 3; turn += 1) watch.captured(bad('wedged'));
    await clock.advance(20_000);
    assert.deepEqual(log.summary(), ['error camera.lost']);
    device = GONE;
    await clock.advance(5000);
    device = THERE;
    await clock.advance(5000);
    assert.deepEqual(log.summary(), ['error camera.lost', 'info camera.found']);
  });

  it('takes a camera that came back as another node between two looks for found', async () => {
    await start(THERE);
    for (let turn = 0; turn < 3; turn += 1) watch.captured(bad('noDevice'));
    await clock.advance(20_000);
    assert.equal(log.of('camera.found').length, 0);
    device = { kind: 'found', node: '/dev/video2' };
    await clock.advance(5000);
    assert.equal(log.of('camera.found')[0]?.fields['node'], '/dev/video2');
  });

  it('needs three failures again after the camera came back', async () => {
    await start(GONE);
    watch.captured(bad('noDevice'));
    device = THERE;
    await clock.advance(5000);
    watch.captured(bad('badFrame'));
    watch.captured(bad('badFrame'));
    assert.equal(log.of('camera.lost').length, 1);
    watch.captured(bad('badFrame'));
    assert.equal(log.of('camera.lost').length, 2);
  });

  it('looks every five seconds while the camera is lost, and never else', async () => {
    await start(THERE);
    await clock.advance(60_000);
    assert.equal(looks, 1);
    for (let turn = 0; turn < 3; turn += 1) watch.captured(bad('noDevice'));
    device = GONE;
    await clock.advance(20_000);
    assert.equal(looks, 6, 'one at the start, one at the loss, four later');
    watch.captured(GOOD);
    await clock.advance(60_000);
    assert.equal(looks, 6);
  });

  it('ends at the abort, lost or not', async () => {
    await start(GONE);
    ending.abort();
    await watching;
  });

  it('looks for nothing where nothing could be unplugged, and still judges the frames', async () => {
    watch = createCameraWatch({ clock, log, camera: { driver: 'url', device: 'auto' } });
    await watch.watch(ending.signal);
    for (let turn = 0; turn < 3; turn += 1) watch.captured(bad('noDevice'));
    await clock.advance(60_000);
    watch.captured(GOOD);
    assert.deepEqual(log.summary(), ['error camera.lost', 'info camera.found']);
  });
});
