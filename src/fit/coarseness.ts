// How coarsely a quality quantises a picture, on a scale where its bytes fall in a straight line. It sees no pixels.

/** The luma quantisation table of a JPEG, 64 steps in zig-zag order. */
export type QuantisationTable = readonly number[];

/** libjpeg's luma table at this quality (jpeg_quality_scaling and jpeg_add_quant_table in its jcparam.c). */
export function tableOfQuality(quality: number): QuantisationTable {
  const percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  return STANDARD_LUMA.map((step) => Math.min(255, Math.max(1, Math.floor((step * percent + 50) / 100))));
}

/**
 * The logarithm of how coarse a table is; the logarithm of the bytes falls about in proportion to it. A camera has
 * quantised the picture before: of its coefficients only multiples of the camera's steps are there, so bytes hardly
 * fall until our steps are twice as wide as the camera's, and then fall at once. `camera` is that first table.
 */
export function coarseness(table: QuantisationTable, camera?: QuantisationTable): number {
  let sum = 0;
  for (let at = FIRST; at <= LAST; at += 1) {
    const step = table[at] ?? 1;
    const threshold = camera === undefined ? Math.log(step / 2) : logThreshold(step / 2, camera[at] ?? 1);
    sum += ZEROED_WEIGHT * threshold + (1 - ZEROED_WEIGHT) * Math.log(step);
  }
  return sum / (LAST - FIRST + 1);
}

// Fitted to the photographs of `npm run bench`: coefficients that hold most of the bits, and how much of the bytes
// goes with coefficients that become zero, the rest with the magnitude of those that stay.
const FIRST = 1;
const LAST = 20;
const ZEROED_WEIGHT = 0.6;
// Standard deviation of a coefficient after pixels were rounded to whole levels twice; it blurs the threshold.
const ROUNDING_NOISE = 0.5;

/** The size of the smallest coefficient that is not rounded to zero, where all are multiples of `cameraStep`. */
function logThreshold(half: number, cameraStep: number): number {
  const first = Math.max(1, Math.floor(half / cameraStep));
  const stays = (multiple: number): number => likelihood((multiple * cameraStep - half) / ROUNDING_NOISE);
  const log = (multiple: number): number => Math.log(multiple * cameraStep);
  const beyond = stays(first + 1) * log(first + 1) + (1 - stays(first + 1)) * log(first + 2);
  return stays(first) * log(first) + (1 - stays(first)) * beyond;
}

/** The normal distribution function, by the usual logistic approximation. */
function likelihood(deviations: number): number {
  return 1 / (1 + Math.exp(-1.702 * deviations));
}

// ITU-T T.81, table K.1, in zig-zag order.
const STANDARD_LUMA: QuantisationTable = [
  16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58,
  51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103,
  62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];
