// Pictures into what models take, against numbers worked out by hand and NumPy's description of its files.
import assert from 'node:assert/strict';
import { preparePicture, prepareTensor, tensorBody } from '../../../cloud/aws/lambda/model-input.ts';
import { npyOf } from '../../../cloud/aws/lambda/npy.ts';
import { loadDecoder } from '../../../cloud/aws/lambda/pixels.ts';
import { PIXELS_PER_SIDE, tensorOf } from '../../../cloud/aws/lambda/tensor.ts';
import type { TensorSettings } from '../../../cloud/aws/lambda/settings.ts';
import type { Pixels } from '../../../src/support/jpeg.ts';
import { jpegOf, noise, quarters, solid, type JpegVariant } from '../../support/jpeg-samples.ts';

const KERAS: TensorSettings = {
  normalisation: 'minusOneToOne',
  layout: 'NHWC',
  fit: 'stretch',
  format: 'instances',
};
const TORCH: TensorSettings = { normalisation: 'imageNet', layout: 'NCHW', fit: 'crop', format: 'list' };
const SIDE = PIXELS_PER_SIDE;

const decodePixels = await loadDecoder();

describe('preparePicture()', () => {
  it('hands over the bytes as they are', async () => {
    const jpeg = await jpegOf(quarters(32, 32));
    assert.deepEqual(await preparePicture(jpeg), { kind: 'prepared', body: jpeg });
  });
});

describe('prepareTensor()', () => {
  it('names a picture that is whole by its markers and does not decode', async () => {
    const jpeg = Buffer.from(await jpegOf(noise(64, 64)));
    const huffman = jpeg.indexOf(Buffer.from([0xff, 0xc4]));
    jpeg.fill(0xff, huffman + 5, huffman + 21);
    const prepared = await prepareTensor(KERAS, decodePixels)(jpeg);
    assert.ok(prepared.kind === 'failed');
    assert.equal(prepared.failure.cause, 'badImage');
    assert.match(prepared.failure.detail, /^it does not decode: /);
  });
});

describe('the decoder', () => {
  const cornersOf = async (picture: Pixels, fit: 'stretch' | 'crop', variant: JpegVariant = {}) => {
    const jpeg = await jpegOf(picture, variant);
    const decoded = await decodePixels(jpeg, { sidePx: SIDE, fit });
    assert.ok(decoded.kind === 'decoded');
    assert.equal(decoded.rgb.length, SIDE * SIDE * 3);
    return [
      [20, 20],
      [200, 20],
      [20, 200],
      [200, 200],
    ].map(([x = 0, y = 0]) => {
      const at = (y * SIDE + x) * 3;
      return [...decoded.rgb.subarray(at, at + 3)].map((value) => (value > 127 ? 1 : 0)).join('');
    });
  };

  for (const fit of ['stretch', 'crop'] as const) {
    it(`${fit}: keeps the four quarters of a wide and of a tall picture in their places`, async () => {
      const placed = ['100', '010', '001', '111'];
      assert.deepEqual(await cornersOf(quarters(1280, 720), fit), placed);
      assert.deepEqual(await cornersOf(quarters(300, 700), fit), placed);
    });
  }

  it('turns a picture upright by its EXIF orientation', async () => {
    assert.deepEqual(await cornersOf(quarters(400, 400), 'stretch', { orientation: 3 }), [
      '111',
      '001',
      '010',
      '100',
    ]);
  });

  it('gives three channels for a grey picture', async () => {
    const grey = await jpegOf(solid(50, 50, [128, 128, 128]), { greyscale: true });
    const decoded = await decodePixels(grey, { sidePx: SIDE, fit: 'stretch' });
    assert.ok(decoded.kind === 'decoded');
    assert.equal(decoded.rgb.length, SIDE * SIDE * 3);
    assert.ok(decoded.rgb.every((value) => Math.abs(value - 128) <= 2));
  });
});

describe('tensorOf()', () => {
  const rgb = Uint8Array.of(0, 127, 255, 255, 0, 51); // two pixels
  const close = (actual: Float32Array, expected: readonly number[]): void => {
    assert.equal(actual.length, expected.length);
    expected.forEach((value, at) => {
      assert.ok(Math.abs((actual[at] ?? NaN) - value) < 1e-6, `${at}: ${String(actual[at])}, not ${value}`);
    });
  };

  it('minusOneToOne puts 0..255 onto -1..1', () => {
    close(tensorOf(rgb, KERAS), [-1, 127 / 127.5 - 1, 1, 1, -1, 51 / 127.5 - 1]);
  });

  it("imageNet takes off each channel's mean and divides by its deviation", () => {
    const [red, green, blue] = [
      (value: number) => (value / 255 - 0.485) / 0.229,
      (value: number) => (value / 255 - 0.456) / 0.224,
      (value: number) => (value / 255 - 0.406) / 0.225,
    ];
    close(tensorOf(rgb, { normalisation: 'imageNet', layout: 'NHWC' }), [
      ...[red(0), green(127), blue(255)],
      ...[red(255), green(0), blue(51)],
    ]);
    close(tensorOf(rgb, TORCH), [red(0), red(255), green(127), green(0), blue(255), blue(51)]);
  });
});

describe('tensorBody()', () => {
  const tensor = Float32Array.from({ length: SIDE * SIDE * 3 }, (_, at) => at);
  const parsed = (settings: TensorSettings): unknown =>
    JSON.parse(Buffer.from(tensorBody(tensor, settings)).toString('utf8'));

  it('nests one picture by rows, columns and channels, under instances', () => {
    const { instances } = parsed(KERAS) as { instances: number[][][][] };
    assert.deepEqual([instances.length, instances[0]?.length, instances[0]?.[0]?.length], [1, SIDE, SIDE]);
    assert.deepEqual(instances[0]?.[1]?.[2], [(SIDE + 2) * 3, (SIDE + 2) * 3 + 1, (SIDE + 2) * 3 + 2]);
  });

  it('nests it by channels, rows and columns, bare', () => {
    const list = parsed(TORCH) as number[][][][];
    assert.deepEqual([list.length, list[0]?.length, list[0]?.[0]?.length], [1, 3, SIDE]);
    assert.equal(list[0]?.[2]?.[1]?.[5], 2 * SIDE * SIDE + SIDE + 5);
  });
});

describe('npyOf()', () => {
  it('writes a header of a multiple of 64 bytes that says type, order and shape, and little-endian floats', () => {
    const file = Buffer.from(npyOf(Float32Array.of(1.5, -2, 0.25), [1, 3]));
    assert.deepEqual([...file.subarray(0, 8)], [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
    const start = 10 + file.readUInt16LE(8);
    assert.equal(start % 64, 0);
    assert.match(
      file.subarray(10, start).toString('latin1'),
      /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(1, 3\), \} *\n$/,
    );
    assert.deepEqual(
      [0, 1, 2].map((at) => file.readFloatLE(start + at * 4)),
      [1.5, -2, 0.25],
    );
    assert.equal(file.length, start + 12);
  });
});
