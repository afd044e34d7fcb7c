import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createMjpegSplitter } from '../../src/capture/mjpeg-splitter.ts';
import { jpegOf, noise, solid } from '../support/jpeg-samples.ts';

const MAX = { maxBytes: 1024 * 1024 };

/** A picture whose EXIF segment holds another whole JPEG, as cameras embed thumbnails. */
function withThumbnail(jpeg: Uint8Array, thumbnail: Uint8Array): Uint8Array {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(thumbnail.length + 2);
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe1]), length, thumbnail, jpeg.subarray(2)]);
}

function split(chunks: readonly Uint8Array[]): readonly string[] {
  const splitter = createMjpegSplitter(MAX);
  return chunks
    .flatMap((chunk) => splitter.push(chunk))
    .map((picture) => Buffer.from(picture).toString('base64'));
}

function cut(bytes: Uint8Array, sizes: readonly number[]): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

describe('createMjpegSplitter()', () => {
  let pictures: readonly Uint8Array[] = [];
  let expected: readonly string[] = [];

  before(async () => {
    const small = await jpegOf(solid(16, 8, [200, 30, 30]));
    const noisy = await jpegOf(noise(64, 48));
    pictures = [noisy, small, withThumbnail(noisy, small), small, withThumbnail(small, noisy)];
    expected = pictures.map((picture) => Buffer.from(picture).toString('base64'));
  });

  it('gives the same pictures however the stream is cut, thumbnails and all', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        assert.deepEqual(split(cut(Buffer.concat(pictures), sizes)), expected);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same pictures byte by byte', () => {
    assert.deepEqual(split(cut(Buffer.concat(pictures), [1])), expected);
  });

  it('passes over what stands between pictures', () => {
    const boundary = Buffer.from('\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n');
    assert.deepEqual(split(pictures.flatMap((picture) => [boundary, picture])), expected);
  });

  it('goes on with the next picture after one that was cut off anywhere', () => {
    const [noisy = new Uint8Array(), small = new Uint8Array()] = pictures;
    for (let length = 1; length < noisy.length; length += 7) {
      const found = split([noisy.subarray(0, length), small, small]);
      assert.equal(found.at(-1), expected[1], `cut at ${length}`);
    }
  });

  it('never gives a picture that does not begin and end as one, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 })), fc.nat(), (junk, at) => {
        const stream = Buffer.concat([...junk, pictures[at % pictures.length] ?? new Uint8Array(), ...junk]);
        for (const picture of createMjpegSplitter(MAX).push(stream)) {
          assert.deepEqual([...picture.subarray(0, 2)], [0xff, 0xd8]);
          assert.deepEqual([...picture.subarray(-2)], [0xff, 0xd9]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('does not grow with a picture that never ends', () => {
    const splitter = createMjpegSplitter({ maxBytes: 4096 });
    const [noisy = new Uint8Array(), small = new Uint8Array()] = pictures;
    splitter.push(noisy.subarray(0, noisy.length - 2));
    for (let turn = 0; turn < 200; turn += 1) assert.deepEqual(splitter.push(new Uint8Array(1000)), []);
    assert.equal(splitter.push(Buffer.concat([small, small])).length, 2);
  });
});
