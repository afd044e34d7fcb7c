// The keys of trigger, camera, image and payload: names, formats, defaults and what they mean.
import { decimal, integer, oneOf, unsettable, yesOrNo } from './format.ts';
import { cameraPath, captureDevice, webUrl } from './formats.ts';
import { key } from './key.ts';
import { controls, crop } from './map-formats.ts';

export const triggerKeys = {
  retained: key(oneOf('ignore', 'accept'), 'ignore', 'What to do with a retained trigger.'),
  maxAgeSeconds: key(
    decimal({ min: 1, max: 31_536_000, unit: 'seconds' }),
    60,
    'A trigger that carries a time and is older than this is ignored.',
  ),
  minIntervalSeconds: key(
    decimal({ min: 0, max: 86_400, unit: 'seconds' }),
    0,
    'A trigger sooner than this after the last accepted one is ignored; 0 sets no interval.',
  ),
  burst: key(
    oneOf('coalesce', 'queue', 'reject'),
    'coalesce',
    'Triggers while one is at work: coalesce (one capture answers all waiting), queue or reject.',
  ),
  maxWaiting: key(integer({ min: 1, max: 1000 }), 16, 'With burst queue: the most triggers that wait.'),
  everySeconds: key(
    integer({ min: 0, max: 604_800, unit: 'seconds' }),
    0,
    'Takes a picture on a timer as well; 0 is no timer.',
  ),
};

export const cameraKeys = {
  driver: key(
    oneOf('node-webcam', 'stream', 'url', 'file', 'test'),
    'node-webcam',
    'node-webcam (fswebcam per shot), stream (V4L2, warm), url (snapshot), file (JPEGs in turn) or test (drawn).',
  ),
  device: key(
    captureDevice,
    'auto',
    'Capture device; auto takes the first camera, TEST draws a picture without one.',
  ),
  widthPx: key(integer({ min: 16, max: 10_000, unit: 'pixels' }), 1280, 'Requested frame width.'),
  heightPx: key(integer({ min: 16, max: 10_000, unit: 'pixels' }), 720, 'Requested frame height.'),
  skipFrames: key(
    integer({ min: 0, max: 1000, unit: 'frames' }),
    20,
    'Warm-up frames before the one that is kept.',
  ),
  timeoutSeconds: key(
    decimal({ min: 0.1, max: 300, unit: 'seconds' }),
    15,
    'Longest time for one capture, whatever happens.',
  ),
  keepWarmSeconds: key(
    integer({ min: -1, max: 86_400, unit: 'seconds' }),
    30,
    'Stream and node-webcam: closes the camera, or ends the capture helper, this long after the last trigger; -1 never.',
  ),
  controls: key(controls, {}, 'V4L2 controls by name, as v4l2-ctl -l lists them; set before each capture.'),
  rotateDegrees: key(oneOf(0, 90, 180, 270), 0, 'Turns the picture clockwise.'),
  flip: key(oneOf('none', 'horizontal', 'vertical', 'both'), 'none', 'Mirrors the picture.'),
  url: key(unsettable(webUrl), null, 'Driver url: where a snapshot is fetched.'),
  path: key(
    unsettable(cameraPath),
    null,
    'Driver file: a JPEG, or a folder of them that is taken in turn. Driver url: a file with user:password.',
  ),
  onSuspect: key(
    oneOf('publish', 'fail'),
    'publish',
    'A frame still black or flat after the retake: publish it flagged, or fail.',
  ),
};

export const imageKeys = {
  maxPayloadBytes: key(
    // The upper end is the largest packet MQTT can carry (MQTT 5, 2.1.4).
    integer({ min: 1000, max: 268_435_455, unit: 'bytes' }),
    128_000,
    'The most bytes of one payload; under 128 KB whether KB is 1000 or 1024. AWS IoT Core takes up to 131072.',
  ),
  maxWidthPx: key(integer({ min: 0, max: 10_000, unit: 'pixels' }), 0, 'Widest image; 0 is as captured.'),
  minQuality: key(
    integer({ min: 1, max: 100 }),
    40,
    'Lowest JPEG quality before the image is made smaller instead.',
  ),
  maxQuality: key(integer({ min: 1, max: 100 }), 90, 'Highest JPEG quality.'),
  minWidthPx: key(
    integer({ min: 16, max: 10_000, unit: 'pixels' }),
    224,
    'Narrowest image; below it the frame is unfit.',
  ),
  encoder: key(
    oneOf('fast', 'mozjpeg'),
    'fast',
    'fast (libjpeg-turbo defaults) or mozjpeg (smaller, slower).',
  ),
  whenThrottled: key(
    oneOf('same', 'smaller'),
    'same',
    'While power or heat hold a Raspberry Pi back: same, or smaller (encoder fast, half the width of image.maxWidthPx, where that is 0 of camera.widthPx).',
  ),
  crop: key(
    unsettable(crop),
    null,
    'Region of interest as fractions of the frame: left, top, width, height.',
  ),
  greyscale: key(yesOrNo(), false, 'Whether colour is removed.'),
};

export const payloadKeys = {
  format: key(
    oneOf('json', 'raw', 'dlstreamer'),
    'json',
    'How a request looks on the wire: json, raw (the JPEG; the rest in user properties of MQTT 5) or dlstreamer.',
  ),
  metadata: key(
    yesOrNo(),
    true,
    'false publishes the picture alone: with json exactly {"image_data": ...}. dlstreamer has its metadata always.',
  ),
  publishFrame: key(yesOrNo(), true, 'false publishes the metadata only.'),
};
