import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readJpegStructure, withoutMetadata, type JpegStructure } from '../../src/support/jpeg-structure.ts';
import { concat, jpegOf, noise, quarters } from './jpeg-samples.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

function sizeAndEnd(found: JpegStructure): readonly number[] {
  assert.ok(found.kind === 'complete');
  return [found.widthPx, found.heightPx, found.endOffset];
}

describe('readJpegStructure()', () => {
  for (const variant of [{}, { progressive: true }, { orientation: 6 }, { greyscale: true }]) {
    it(`refuses a JPEG cut at any byte (${JSON.stringify(variant)})`, async () => {
      const jpeg = await jpegOf(noise(40, 30), variant);
      for (let length = 0; length < jpeg.length; length += 1) {
        assert.equal(readJpegStructure(jpeg.subarray(0, length)).kind, 'broken', `cut at ${String(length)}`);
      }
    });
  }

  for (const { variant, samples } of [
    { variant: {}, samples: 2 },
    { variant: { greyscale: true }, samples: 0 },
  ]) {
    it(`says that ${JSON.stringify(variant)} has ${String(samples)} samples of chroma for each of luma`, async () => {
      const found = readJpegStructure(await jpegOf(noise(40, 30), variant));
      assert.ok(found.kind === 'complete');
      assert.equal(found.chromaSamples, samples);
    });
  }

  const frameHeader = [0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0];
  const scan = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x12, 0x34];
  const refusals: readonly { what: string; jpeg: Uint8Array; detail: RegExp }[] = [
    { what: 'nothing', jpeg: bytes(), detail: /SOI/ },
    { what: 'a PNG', jpeg: bytes(0x89, 0x50, 0x4e, 0x47, 0xd, 0xa), detail: /SOI/ },
    { what: 'SOI and EOI alone', jpeg: bytes(0xff, 0xd8, 0xff, 0xd9), detail: /before any picture data/ },
    {
      what: 'a frame without a scan',
      jpeg: bytes(0xff, 0xd8, ...frameHeader, 0xff, 0xd9),
      detail: /before any picture/,
    },
    {
      what: 'a scan without a frame',
      jpeg: bytes(0xff, 0xd8, ...scan, 0xff, 0xd9),
      detail: /before the frame header/,
    },
    {
      what: 'a second SOI',
      jpeg: bytes(0xff, 0xd8, 0xff, 0xd8, ...frameHeader, ...scan, 0xff, 0xd9),
      detail: /FFD8 at byte 2 is out of place/,
    },
    {
      what: 'two frame headers',
      jpeg: bytes(0xff, 0xd8, ...frameHeader, ...frameHeader, ...scan, 0xff, 0xd9),
      detail: /two frame headers/,
    },
    {
      what: 'a height of 0',
      jpeg: bytes(0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 0, 0, 8, 1, 1, 0x11, 0, ...scan, 0xff, 0xd9),
      detail: /8x0/,
    },
    {
      what: 'a segment of length 1',
      jpeg: bytes(0xff, 0xd8, 0xff, 0xe0, 0, 1, 0xff, 0xd9),
      detail: /length 1/,
    },
    {
      what: 'bytes between segments',
      jpeg: bytes(0xff, 0xd8, 0xff, 0xe0, 0, 2, 7, 0xff, 0xd9),
      detail: /no marker at byte 6/,
    },
    {
      what: 'a hierarchical picture',
      jpeg: bytes(0xff, 0xd8, 0xff, 0xde, 0, 2, 0xff, 0xd9),
      detail: /hierarchical/,
    },
    {
      what: 'a million comments',
      jpeg: concat(bytes(0xff, 0xd8), Buffer.alloc(4_000_000, bytes(0xff, 0xfe, 0, 2)), bytes(0xff, 0xd9)),
      detail: /more than 2000 segments/,
    },
  ];
  for (const { what, jpeg, detail } of refusals) {
    it(`refuses ${what}`, () => {
      const found = readJpegStructure(jpeg);
      assert.equal(found.kind, 'broken');
      assert.match(found.detail, detail);
    });
  }

  for (const { what, code = 0xc0, bits = 8, components = 1, plain = false } of [
    { what: 'baseline in grey', plain: true },
    { what: 'baseline in three colours', components: 3, plain: true },
    { what: 'progressive', code: 0xc2, components: 3, plain: true },
    { what: 'CMYK', components: 4 },
    { what: 'twelve bits', code: 0xc1, bits: 12 },
    { what: 'lossless', code: 0xc3 },
    { what: 'arithmetic coding', code: 0xc9 },
  ]) {
    it(`says that every decoder ${plain ? 'reads' : 'does not read'} ${what}`, () => {
      const parts = Array.from({ length: components }, (_, at) => [at + 1, 0x11, 0]).flat();
      const header = [0xff, code, 0, 8 + parts.length, bits, 0, 8, 0, 8, components, ...parts];
      const found = readJpegStructure(bytes(0xff, 0xd8, ...header, ...scan, 0xff, 0xd9));
      assert.ok(found.kind === 'complete');
      assert.equal(found.plain, plain);
    });
  }

  it('reads a table for each of four places, and none behind them', () => {
    const table = (place: number, step: number): readonly number[] => [
      place,
      ...Array<number>(64).fill(step),
    ];
    const tables = [table(0, 10), table(1, 11), table(2, 12), table(3, 13), table(0, 14)].flat();
    const dqt = [0xff, 0xdb, (tables.length + 2) >> 8, (tables.length + 2) & 255, ...tables];
    const found = readJpegStructure(bytes(0xff, 0xd8, ...dqt, ...frameHeader, ...scan, 0xff, 0xd9));
    assert.ok(found.kind === 'complete');
    assert.deepEqual(found.lumaTable, Array(64).fill(10));
  });

  it('refuses junk after EOI', async () => {
    const jpeg = await jpegOf(noise(16, 16));
    assert.equal(readJpegStructure(concat(jpeg, bytes(0, 0, 1))).kind, 'broken');
    assert.equal(readJpegStructure(concat(jpeg, jpeg)).kind, 'broken');
  });

  it('cuts zero padding after EOI off', async () => {
    const jpeg = await jpegOf(noise(40, 30));
    const found = readJpegStructure(concat(jpeg, new Uint8Array(4096)));
    assert.deepEqual(sizeAndEnd(found), [40, 30, jpeg.length]);
  });

  it('is not fooled by a whole thumbnail inside APP1 of a cut picture', async () => {
    const thumbnail = await jpegOf(noise(8, 8));
    const length = thumbnail.length + 2;
    const jpeg = await jpegOf(noise(40, 30));
    const app1 = concat(bytes(0xff, 0xe1, length >> 8, length & 255), thumbnail);
    const whole = concat(jpeg.subarray(0, 2), app1, jpeg.subarray(2));
    assert.deepEqual(sizeAndEnd(readJpegStructure(whole)), [40, 30, whole.length]);
    for (let cut = 2; cut < whole.length; cut += 1) {
      assert.equal(readJpegStructure(whole.subarray(0, cut)).kind, 'broken', `cut at ${String(cut)}`);
    }
  });

  it('reads stuffed bytes, restart markers and fill bytes as T.81 has them', () => {
    const data = [0x12, 0xff, 0x00, 0xff, 0xd0, 0x34, 0xff, 0xd7];
    const jpeg = bytes(0xff, 0xd8, 0xff, ...frameHeader, ...scan, ...data, 0xff, 0xff, 0xd9);
    assert.deepEqual(sizeAndEnd(readJpegStructure(jpeg)), [8, 8, jpeg.length]);
  });

  for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
    it(`reads EXIF orientation ${String(orientation)}`, async () => {
      const found = readJpegStructure(await jpegOf(quarters(32, 16), { orientation }));
      assert.equal(found.kind, 'complete');
      assert.deepEqual([found.widthPx, found.heightPx, found.orientation], [32, 16, orientation]);
    });
  }

  it('names no orientation where the EXIF data are damaged', async () => {
    const jpeg = await jpegOf(quarters(32, 16), { orientation: 6 });
    const at = Buffer.from(jpeg).indexOf('Exif\0\0', 0, 'latin1') + 6;
    for (const [offset, value] of [
      [0, 0x58],
      [2, 0x7f],
      [4, 0xee],
      [7, 0xee],
    ] as const) {
      const damaged = Uint8Array.from(jpeg);
      damaged[at + offset] = value;
      const found = readJpegStructure(damaged);
      assert.equal(found.kind, 'complete');
      assert.equal(found.orientation, undefined);
    }
  });

  it('ends with an answer on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (tail) => {
        const found = readJpegStructure(concat(bytes(0xff, 0xd8, 0xff), tail));
        assert.ok(found.kind === 'broken' || found.endOffset <= tail.length + 3);
      }),
    );
  });
});

describe('withoutMetadata()', () => {
  const segment = (code: number, text: string): Uint8Array => {
    const body = Buffer.from(text, 'latin1');
    return concat(bytes(0xff, code, (body.length + 2) >> 8, (body.length + 2) & 255), body);
  };
  const kinds: readonly { what: string; code: number; text: string; stays?: true; profile?: true }[] = [
    { what: 'EXIF', code: 0xe1, text: 'Exif\0\0MM\0*' },
    { what: 'XMP', code: 0xe1, text: 'http://ns.adobe.com/xap/1.0/\0<x/>' },
    { what: 'an ICC profile', code: 0xe2, text: 'ICC_PROFILE\0', profile: true },
    { what: "sRGB's profile", code: 0xe2, text: 'ICC_PROFILE\0\x01\x01 desc sRGB IEC61966-2.1' },
    { what: "sRGB's newer profile", code: 0xe2, text: 'ICC_PROFILE\0\x01\x01 mluc \0s\0R\0G\0B' },
    { what: 'a JFIF thumbnail', code: 0xe0, text: 'JFXX\0' },
    { what: "a maker's own", code: 0xef, text: 'whatever' },
    { what: 'a comment', code: 0xfe, text: 'CREATOR: camera' },
    { what: "motion JPEG's AVI1", code: 0xe0, text: 'AVI1\0', stays: true },
    { what: "Adobe's colour transform", code: 0xee, text: 'Adobe\0', stays: true },
  ];
  for (const { what, code, text, stays, profile } of kinds) {
    it(`${stays === true ? 'keeps' : 'takes out'} ${what}, and nothing else`, async () => {
      const plain = await jpegOf(noise(16, 16));
      const jpeg = concat(plain.subarray(0, 2), segment(code, text), plain.subarray(2));
      const found = readJpegStructure(concat(jpeg, new Uint8Array(8)));
      assert.ok(found.kind === 'complete');
      assert.equal(found.hasColourProfile, profile === true);
      assert.deepEqual(withoutMetadata(jpeg, found), new Uint8Array(stays === true ? jpeg : plain));
    });
  }

  it('finds metadata between the scans of a progressive picture', async () => {
    const plain = await jpegOf(noise(16, 16), { progressive: true });
    const second = Buffer.from(plain).lastIndexOf(bytes(0xff, 0xda));
    const jpeg = concat(plain.subarray(0, second), segment(0xfe, 'here'), plain.subarray(second));
    const found = readJpegStructure(jpeg);
    assert.ok(found.kind === 'complete' && found.metadata.length === 1);
    assert.deepEqual(withoutMetadata(jpeg, found), new Uint8Array(plain));
  });
});
