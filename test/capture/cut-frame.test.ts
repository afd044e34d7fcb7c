// Frames that were cut short or damaged, through the real fswebcam, which makes whole JPEGs of them; and honest pictures beside them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkFrame } from '../../src/capture/check-frame.ts';
import { drawTestPicture } from '../../src/capture/test-picture.ts';
import { createJpegCodec, type Pixels } from '../../src/support/jpeg.ts';
import { solid } from '../support/jpeg-samples.ts';

const codec = createJpegCodec();
const STEP = process.env['SHUTTERD_TEST_LONG'] === '1' ? 0.005 : 0.11;

/** What a camera would give: baseline, with the chroma sampling that ffmpeg calls by this name. */
function cameraJpeg(
  { data, widthPx, heightPx }: Pixels,
  sampling: string,
  more: readonly string[] = [],
): Uint8Array {
  const size = `${String(widthPx)}x${String(heightPx)}`;
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', size, '-i', '-'];
  const output = ['-pix_fmt', sampling, '-frames:v', '1', '-q:v', '4', ...more, '-f', 'mjpeg', '-'];
  return execFileSync('ffmpeg', ['-loglevel', 'error', ...input, ...output], { input: data });
}

function scene(widthPx: number, heightPx: number): Pixels {
  return drawTestPicture({ widthPx, heightPx, counter: 1, time: new Date(0), seed: 1 });
}

/** A scene above, and below it rows of these levels, from the left to the right. */
function above(rows: number, [left, right]: readonly [number, number]): Pixels {
  const pixels = scene(640, 480);
  for (let y = 480 - rows; y < 480; y += 1) {
    for (let x = 0; x < 640; x += 1) {
      const at = (y * 640 + x) * 3;
      pixels.data.fill(Math.round(left + ((right - left) * x) / 639), at, at + 3);
    }
  }
  return pixels;
}

/** Even rows that are not alike, at the bottom of a scene. */
function bars(): Pixels {
  const pixels = scene(640, 480);
  for (let y = 470; y < 480; y += 1) pixels.data.fill(y % 4 < 2 ? 255 : 0, y * 640 * 3, (y + 1) * 640 * 3);
  return pixels;
}

describe('checkFrame() of what fswebcam encoded again', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shutterd-cut-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  async function verdict(buffer: Uint8Array): Promise<string> {
    const [input, output, raw] = ['in.jpg', 'out.jpg', 'out.raw'].map((name) => join(folder, name));
    assert.ok(input !== undefined && output !== undefined && raw !== undefined);
    writeFileSync(input, buffer);
    rmSync(output, { force: true });
    const device = ['-q', '--no-banner', '-d', `FILE:${input}`, '-S', '0', '--dumpframe', raw];
    execFileSync('fswebcam', [...device, '--jpeg', '95', output], { stdio: 'ignore' });
    const check = await checkFrame(readFileSync(output), codec, readFileSync(raw));
    return check.kind === 'bad' ? check.detail : (check.suspect ?? 'good');
  }

  for (const { sampling, widthPx, heightPx } of [
    { sampling: 'yuvj422p', widthPx: 640, heightPx: 480 },
    { sampling: 'yuvj420p', widthPx: 640, heightPx: 360 },
    { sampling: 'yuvj444p', widthPx: 650, heightPx: 402 },
  ]) {
    it(`refuses ${sampling} of ${String(widthPx)}x${String(heightPx)} cut anywhere`, async () => {
      const jpeg = cameraJpeg(scene(widthPx, heightPx), sampling);
      assert.equal(await verdict(jpeg), 'good');
      for (let part = 0.12; part < 0.99; part += STEP) {
        const cut = jpeg.subarray(0, Math.floor(jpeg.length * part));
        assert.match(await verdict(cut), /cut it short/, `cut at ${String(part)}`);
        const padded = Buffer.concat([cut, new Uint8Array(200_000)]);
        assert.match(await verdict(padded), /cut it short/, `cut at ${String(part)}, then zeros`);
      }
    });
  }

  it('takes a whole frame with whatever its buffer holds behind it', async () => {
    const jpeg = cameraJpeg(scene(640, 480), 'yuvj422p');
    const older = cameraJpeg(above(100, [40, 40]), 'yuvj422p');
    for (const behind of [new Uint8Array(200_000), older, older.subarray(1000)]) {
      assert.equal(await verdict(Buffer.concat([jpeg, behind])), 'good');
    }
  });

  it('takes a frame without EOI, as some cameras give it', async () => {
    const jpeg = cameraJpeg(scene(640, 480), 'yuvj422p').subarray(0, -2);
    assert.equal(await verdict(jpeg), 'good');
    assert.equal(await verdict(Buffer.concat([jpeg, new Uint8Array(200_000)])), 'good');
  });

  it('takes a frame without Huffman tables, as most cameras give it', async () => {
    const jpeg = Buffer.from(cameraJpeg(scene(640, 480), 'yuvj422p', ['-huffman', 'default']));
    const tables = jpeg.indexOf(Uint8Array.of(0xff, 0xc4));
    const after = tables + 2 + jpeg.readUInt16BE(tables + 2);
    assert.equal(await verdict(Buffer.concat([jpeg.subarray(0, tables), jpeg.subarray(after)])), 'good');
  });

  it('refuses a frame that was cut and goes on with an older one, which gives fewer blocks than are missing', async () => {
    const jpeg = cameraJpeg(scene(640, 480), 'yuvj422p');
    const plainer = cameraJpeg(above(300, [40, 40]), 'yuvj422p');
    const stale = Buffer.concat([
      jpeg.subarray(0, plainer.length * 0.9),
      plainer.subarray(plainer.length * 0.9),
    ]);
    assert.match(await verdict(stale), /cut it short or damaged it/);
  });

  for (const { what, pixels, expected } of [
    { what: 'a white sky below', pixels: above(200, [255, 255]), expected: 'good' },
    { what: 'a black bar below', pixels: above(60, [0, 0]), expected: 'good' },
    { what: 'a dark grey bar below', pixels: above(60, [16, 16]), expected: 'good' },
    { what: 'an even wall below, a little too light', pixels: above(100, [131, 131]), expected: 'good' },
    {
      what: 'a middle grey wall below, a little darker at one end',
      pixels: above(100, [128, 123]),
      expected: 'good',
    },
    { what: 'bars of white and black below', pixels: bars(), expected: 'good' },
    { what: 'a middle grey wall below', pixels: above(100, [128, 128]), expected: 'good' },
    { what: 'middle grey all over', pixels: solid(640, 480, [128, 128, 128]), expected: 'flat' },
  ]) {
    it(`says ${expected} of a whole picture with ${what}`, async () => {
      assert.equal(await verdict(cameraJpeg(pixels, 'yuvj422p')), expected);
    });
  }
});
