// Frames as real cameras code them, with chroma and tables that are not ours: the fit still uses the budget, in few encodes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { photoLike } from '../../scripts/bench/photo-like.ts';
import type { Frame } from '../../src/domain.ts';
import { createFit, type FitSettings } from '../../src/fit/fit-frame.ts';
import { createJpegCodec } from '../../src/support/jpeg.ts';
import { readJpegStructure } from '../../src/support/jpeg-structure.ts';

const SETTINGS: FitSettings = {
  ...{ maxWidthPx: 0, minWidthPx: 224, minQuality: 40, maxQuality: 90, deviceId: 'pi-1' },
  ...{ encoder: 'fast', greyscale: false, rotateDegrees: 0, flip: 'none' },
};
const codec = createJpegCodec();
const SIZE = { widthPx: 1280, heightPx: 720 };

/** By ffmpeg: MPEG's quantisation tables for luma and chroma alike, and the Huffman tables of the standard. */
function webcamFrame(sampling: string, coarse: number): Frame {
  const { data } = photoLike({ ...SIZE, shot: 1 });
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', '1280x720', '-i', '-'];
  const coded = ['-pix_fmt', sampling, '-huffman', 'default', '-q:v', String(coarse)];
  const jpeg = execFileSync(
    'ffmpeg',
    ['-loglevel', 'error', ...input, ...coded, '-frames:v', '1', '-f', 'mjpeg', '-'],
    {
      input: data,
      maxBuffer: 1e8,
    },
  );
  return { jpeg: new Uint8Array(jpeg), ...SIZE, capturedAt: new Date(0) };
}

describe('createFit() with the frames of a webcam', () => {
  for (const { sampling, chroma } of [
    { sampling: 'yuvj420p', chroma: 0.5 },
    { sampling: 'yuvj422p', chroma: 1 },
    { sampling: 'yuvj444p', chroma: 2 },
  ]) {
    it(`uses the budget whatever it is, in three encodes on average at most (${sampling})`, async () => {
      const encodes: number[] = [];
      for (const coarse of [2, 3]) {
        const frame = webcamFrame(sampling, coarse);
        const structure = readJpegStructure(frame.jpeg);
        assert.ok(structure.kind === 'complete' && structure.chromaSamples === chroma);
        for (const share of [0.7, 0.5, 0.35]) {
          const budgetBytes = Math.round(frame.jpeg.length * share);
          const outcome = await createFit({ codec, settings: SETTINGS })(frame, { budgetBytes });
          assert.ok(outcome.kind === 'fitted');
          const { jpeg, quality } = outcome.image;
          encodes.push(outcome.image.encodes);
          const used = jpeg.length / budgetBytes;
          assert.ok(used <= 1, `${String(share)} of ${String(coarse)}: ${String(used)}`);
          assert.ok(
            used > 0.94 || quality === SETTINGS.maxQuality,
            `${String(share)} of ${String(coarse)}: ${String(used)}`,
          );
        }
      }
      const mean = encodes.reduce((sum, one) => sum + one, 0) / encodes.length;
      assert.ok(mean <= 3, encodes.join());
    });
  }
});
