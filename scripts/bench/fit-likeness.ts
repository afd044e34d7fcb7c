// How like the frame an image still is: SSIM of the luma, PSNR of the colours. It judges no number.
import sharp from 'sharp';

/**
 * The mean structural similarity (Wang et al., 2004) over windows of 8 x 8 pixels, 1 for the same picture. An image that
 * is narrower is enlarged first, as a viewer would.
 */
export async function ssim(frame: Uint8Array, image: Uint8Array): Promise<number> {
  const { data: one, info } = await luma(frame);
  const { data: other } = await luma(image, { width: info.width, height: info.height });
  let sum = 0;
  let windows = 0;
  for (let y = 0; y + WINDOW_PX <= info.height; y += STEP_PX) {
    for (let x = 0; x + WINDOW_PX <= info.width; x += STEP_PX) {
      sum += windowSsim(one, other, { at: y * info.width + x, widthPx: info.width });
      windows += 1;
    }
  }
  return sum / windows;
}

/** The peak signal-to-noise ratio over red, green and blue, in decibels; both of one size. */
export async function psnr(frame: Uint8Array, image: Uint8Array): Promise<number> {
  const [one, other] = [await sharp(frame).raw().toBuffer(), await sharp(image).raw().toBuffer()];
  const squares = one.reduce((sum, level, at) => sum + (level - (other[at] ?? 0)) ** 2, 0);
  return 10 * Math.log10((255 ** 2 * one.length) / squares);
}

const WINDOW_PX = 8;
const STEP_PX = 4;
const STABLE_MEAN = (0.01 * 255) ** 2;
const STABLE_SPREAD = (0.03 * 255) ** 2;

async function luma(jpeg: Uint8Array, size?: { width: number; height: number }) {
  const picture = size === undefined ? sharp(jpeg) : sharp(jpeg).resize({ ...size, fit: 'fill' });
  return picture.toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
}

function windowSsim(one: Uint8Array, other: Uint8Array, window: { at: number; widthPx: number }): number {
  let [sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0];
  for (let y = 0; y < WINDOW_PX; y += 1) {
    for (let x = 0; x < WINDOW_PX; x += 1) {
      const at = window.at + y * window.widthPx + x;
      const [a, b] = [one[at] ?? 0, other[at] ?? 0];
      sumA += a;
      sumB += b;
      squaresA += a * a;
      squaresB += b * b;
      products += a * b;
    }
  }
  const count = WINDOW_PX * WINDOW_PX;
  const [meanA, meanB] = [sumA / count, sumB / count];
  const spreads = squaresA / count - meanA ** 2 + squaresB / count - meanB ** 2;
  const together = products / count - meanA * meanB;
  const means = (2 * meanA * meanB + STABLE_MEAN) / (meanA ** 2 + meanB ** 2 + STABLE_MEAN);
  return means * ((2 * together + STABLE_SPREAD) / (spreads + STABLE_SPREAD));
}
