import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Image } from '../../src/domain.ts';
import { jpegBudgetBytes } from '../../src/fit/budget.ts';
import {
  buildRequest,
  overheadBytes,
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
      'is exactly the picture without metadata',
      { settings: { metadata: false } },
      '{"image_data":"/9j/2Q=="}',
    ],
    [
      'is the metadata alone without the picture',
      { settings: { publishFrame: false } },
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
  });
});

const anySettings: fc.Arbitrary<PayloadSettings> = fc.record({
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

describe('overheadBytes()', () => {
  it('is never less than what is around the picture, and little more', () => {
    fc.assert(
      fc.property(anySettings, anyFacts, fitted, (given, about, how) => {
        const { payload } = buildRequest(given, about, imageOf(new Uint8Array(0), about, how));
        const spareBytes = overheadBytes(given, about) - payload.length;
        assert.ok(spareBytes >= 0, `${spareBytes} bytes to spare`);
        assert.ok(spareBytes <= 30, `${spareBytes} bytes wasted`);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps every payload within its bound when the JPEG fills its budget', () => {
    const bounds = fc.integer({ min: 3000, max: 12_000 });
    fc.assert(
      fc.property(fc.tuple(anySettings, anyFacts), fitted, bounds, ([given, about], how, maxPayloadBytes) => {
        const shape = {
          maxPayloadBytes,
          overheadBytes: overheadBytes(given, about),
          encoding: 'base64' as const,
        };
        const jpeg = new Uint8Array(jpegBudgetBytes(shape)).fill(0xfb); // '+', the dearest of the alphabet
        const { payload } = buildRequest(given, about, imageOf(jpeg, about, how));
        assert.ok(
          payload.length <= maxPayloadBytes,
          `${payload.length} bytes, ${maxPayloadBytes} are allowed`,
        );
      }),
      { numRuns: 300 },
    );
  });

  it('leaves a picture of the default bound all but a few hundred bytes', () => {
    const shape = {
      maxPayloadBytes: 128_000,
      overheadBytes: overheadBytes(settings, facts),
      encoding: 'base64' as const,
    };
    assert.ok(jpegBudgetBytes(shape) > 95_700);
  });
});
