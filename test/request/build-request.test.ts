import assert from 'node:assert/strict';
import fc from 'fast-check';
import { pictureBudgetBytes } from '../../src/app/picture-budget.ts';
import type { Image } from '../../src/domain.ts';
import {
  buildRequest,
  payloadShape,
  type PayloadSettings,
  type RequestFacts,
} from '../../src/request/build-request.ts';

const settings: PayloadSettings = { deviceId: 'pi-1', metadata: true, publishFrame: true };
const facts: RequestFacts = {
  requestId: 'cf1a3d7e-0000-4000-8000-000000000001',
  frame: { widthPx: 1280, heightPx: 720, capturedAt: new Date('2031-05-06T07:08:09.010Z') },
  clockSynchronised: true,
};
const image: Image = {
  jpeg: Buffer.of(0xff, 0xd8, 0xff, 0xd9),
  widthPx: 640,
  heightPx: 360,
  quality: 71,
  encodes: 3,
};

function textOf(
  changed: { settings?: Partial<PayloadSettings>; facts?: Partial<RequestFacts>; image?: Image } = {},
): string {
  const request = buildRequest(
    { ...settings, ...changed.settings },
    { ...facts, ...changed.facts },
    changed.image ?? image,
  );
  return Buffer.from(request.payload).toString();
}

describe('buildRequest()', () => {
  const { quality, ...passedThrough } = image;
  const cases: readonly [string, Parameters<typeof textOf>[0], string][] = [
    [
      'puts the picture first, then who, when and what',
      {},
      '{"image_data":"/9j/2Q==","request_id":"cf1a3d7e-0000-4000-8000-000000000001","device_id":"pi-1",' +
        '"captured_at":"2031-05-06T07:08:09.010Z","width":640,"height":360,"quality":71,"clock_synchronised":true}',
    ],
    [
      'names the trigger and the suspicion where there are such',
      { facts: { triggerId: 'a"b', clockSynchronised: false, frame: { ...facts.frame, suspect: 'black' } } },
      '{"image_data":"/9j/2Q==","request_id":"cf1a3d7e-0000-4000-8000-000000000001","device_id":"pi-1",' +
        '"captured_at":"2031-05-06T07:08:09.010Z","trigger_id":"a\\"b","width":640,"height":360,"quality":71,' +
        '"clock_synchronised":false,"suspect":"black"}',
    ],
    [
      'has no quality where the frame was passed through',
      { image: passedThrough },
      '{"image_data":"/9j/2Q==","request_id":"cf1a3d7e-0000-4000-8000-000000000001","device_id":"pi-1",' +
        '"captured_at":"2031-05-06T07:08:09.010Z","width":640,"height":360,"clock_synchronised":true}',
    ],
    [
      'is without metadata, byte for byte, what json.dumps makes of {"image_data": ...}',
      { settings: { metadata: false } },
      '{"image_data": "/9j/2Q=="}',
    ],
    [
      'is the metadata alone without the picture',
      { settings: { publishFrame: false } },
      '{"request_id":"cf1a3d7e-0000-4000-8000-000000000001","device_id":"pi-1",' +
        '"captured_at":"2031-05-06T07:08:09.010Z","width":640,"height":360,"quality":71,"clock_synchronised":true}',
    ],
    [
      'is for DL Streamer the metadata and the picture, by their positions',
      { settings: { format: 'dlstreamer' }, facts: { triggerId: 't-1' } },
      '[{"frame_id":"cf1a3d7e-0000-4000-8000-000000000001","width":640,"height":360,' +
        '"timestamp":"2031-05-06T07:08:09.010Z","device_id":"pi-1","trigger_id":"t-1","quality":71,' +
        '"clock_synchronised":true},"/9j/2Q=="]',
    ],
    [
      'keeps for DL Streamer the place of a picture that is not sent, and the metadata always',
      { settings: { format: 'dlstreamer', publishFrame: false, metadata: false } },
      '[{"frame_id":"cf1a3d7e-0000-4000-8000-000000000001","width":640,"height":360,' +
        '"timestamp":"2031-05-06T07:08:09.010Z","device_id":"pi-1","quality":71,"clock_synchronised":true},""]',
    ],
    [
      'is JSON where a raw picture is not sent',
      { settings: { format: 'raw', publishFrame: false } },
      '{"request_id":"cf1a3d7e-0000-4000-8000-000000000001","device_id":"pi-1",' +
        '"captured_at":"2031-05-06T07:08:09.010Z","width":640,"height":360,"quality":71,"clock_synchronised":true}',
    ],
  ];
  for (const [what, changed, text] of cases) it(what, () => assert.equal(textOf(changed), text));

  it('takes the JPEG out of a larger buffer, byte for byte', () => {
    const around = Buffer.from('before/PICTURE/after');
    const { image_data: data } = JSON.parse(
      textOf({ image: { ...image, jpeg: around.subarray(7, 14) } }),
    ) as Record<string, string>;
    assert.equal(Buffer.from(data ?? '', 'base64').toString(), 'PICTURE');
  });

  it('says beside the payload what the outbox and the wire need', () => {
    const { payload, ...rest } = buildRequest(settings, facts, image);
    assert.ok(payload.length > 0);
    assert.deepEqual(rest, {
      requestId: facts.requestId,
      contentType: 'application/json',
      capturedAt: '2031-05-06T07:08:09.010Z',
    });
    assert.equal(quality, 71);
    const dark = { ...facts, frame: { ...facts.frame, suspect: 'black' as const } };
    assert.equal(buildRequest(settings, dark, image).suspect, 'black');
  });

  it('is raw the JPEG itself, and says the rest in user properties', () => {
    const about = { ...facts, triggerId: 'grün', frame: { ...facts.frame, suspect: 'flat' as const } };
    const request = buildRequest({ ...settings, format: 'raw' }, about, image);
    assert.deepEqual(request.payload, image.jpeg);
    assert.equal(request.contentType, 'image/jpeg');
    assert.deepEqual(request.userProperties, {
      request_id: facts.requestId,
      device_id: 'pi-1',
      captured_at: '2031-05-06T07:08:09.010Z',
      trigger_id: 'grün',
      width: '640',
      height: '360',
      quality: '71',
      clock_synchronised: 'true',
      suspect: 'flat',
    });
  });

  it('is raw the JPEG and nothing else without metadata', () => {
    const request = buildRequest({ ...settings, format: 'raw', metadata: false }, facts, image);
    assert.deepEqual([request.payload, request.userProperties], [image.jpeg, undefined]);
  });
});

const FORMATS = ['json', 'raw', 'dlstreamer'] as const;
const anySettings: fc.Arbitrary<PayloadSettings> = fc.record({
  format: fc.constantFrom(...FORMATS),
  deviceId: fc.string({ minLength: 1, maxLength: 128 }),
  metadata: fc.boolean(),
  publishFrame: fc.boolean(),
});
const anyFacts: fc.Arbitrary<RequestFacts> = fc
  .record({
    widthPx: fc.integer({ min: 1, max: 10_000 }),
    heightPx: fc.integer({ min: 1, max: 10_000 }),
    capturedAt: fc.date({ noInvalidDate: true }),
    suspect: fc.constantFrom(undefined, 'black' as const, 'flat' as const),
    triggerId: fc.option(fc.string({ unit: 'binary', minLength: 1, maxLength: 128 }), { nil: undefined }),
    requestId: fc.uuid(),
    clockSynchronised: fc.boolean(),
  })
  .map(({ triggerId, requestId, clockSynchronised, suspect, ...frame }) => ({
    ...{ requestId, clockSynchronised, ...(triggerId === undefined ? {} : { triggerId }) },
    frame: { ...frame, ...(suspect === undefined ? {} : { suspect }) },
  }));
/** How fitting leaves a frame: turned or not, and never larger. */
const fitted = fc.record({
  turned: fc.boolean(),
  scale: fc.double({ min: 0.01, max: 1, noNaN: true }),
  quality: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
});

function imageOf(
  jpeg: Uint8Array,
  { frame }: RequestFacts,
  how: { turned: boolean; scale: number; quality: number | undefined },
): Image {
  const [across, down] = how.turned ? [frame.heightPx, frame.widthPx] : [frame.widthPx, frame.heightPx];
  const sized = (px: number): number => Math.max(1, Math.round(px * how.scale));
  const { quality } = how;
  return {
    jpeg,
    widthPx: sized(across),
    heightPx: sized(down),
    encodes: 1,
    ...(quality === undefined ? {} : { quality }),
  };
}

/** The long run looks at more of them. */
const numRuns = process.env['SHUTTERD_TEST_LONG'] === '1' ? 10_000 : 300;

describe('payloadShape()', () => {
  for (const [format, metadata, bytes] of [
    ['json', false, '{"image_data": ""}'.length],
    ['raw', true, 0],
    ['raw', false, 0],
  ] as const) {
    it(`is exact for ${format} ${metadata ? 'with' : 'without'} metadata`, () => {
      assert.equal(payloadShape({ ...settings, format, metadata }, facts).overheadBytes, bytes);
    });
  }

  it('has no encoding where no picture is sent', () => {
    for (const format of FORMATS)
      assert.equal(payloadShape({ ...settings, format, publishFrame: false }, facts).encoding, 'none');
  });

  it('is never less than what is around the picture, and little more', () => {
    fc.assert(
      fc.property(anySettings, anyFacts, fitted, (given, about, how) => {
        const { payload } = buildRequest(given, about, imageOf(new Uint8Array(0), about, how));
        const spareBytes = payloadShape(given, about).overheadBytes - payload.length;
        assert.ok(spareBytes >= 0, `${spareBytes} bytes to spare`);
        assert.ok(spareBytes <= 30, `${spareBytes} bytes wasted`);
      }),
      { numRuns },
    );
  });

  it('keeps every payload within its bound when the JPEG fills its budget, and close to it', () => {
    const bounds = fc.integer({ min: 3000, max: 12_000 });
    fc.assert(
      fc.property(fc.tuple(anySettings, anyFacts), fitted, bounds, ([any, about], how, maxPayloadBytes) => {
        const given = { ...any, publishFrame: true };
        const budgetBytes = pictureBudgetBytes(maxPayloadBytes, payloadShape(given, about));
        const jpeg = new Uint8Array(budgetBytes).fill(0xfb); // '+', the dearest of the alphabet
        const { payload } = buildRequest(given, about, imageOf(jpeg, about, how));
        const spareBytes = maxPayloadBytes - payload.length;
        assert.ok(spareBytes >= 0, `${payload.length} bytes, ${maxPayloadBytes} are allowed`);
        // What the widest metadata would have taken, and the rest of a group of base64.
        assert.ok(spareBytes <= 33, `${spareBytes} bytes wasted`);
      }),
      { numRuns },
    );
  });

  it('leaves a picture of the default bound all but a few hundred bytes', () => {
    assert.ok(pictureBudgetBytes(128_000, payloadShape(settings, facts)) > 95_700);
    assert.equal(pictureBudgetBytes(128_000, payloadShape({ ...settings, format: 'raw' }, facts)), 128_000);
  });

  it('bounds no picture that is not sent', () => {
    const shape = payloadShape({ ...settings, publishFrame: false }, facts);
    assert.ok(pictureBudgetBytes(1000, shape) > 1e15);
  });
});
