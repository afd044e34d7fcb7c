// What the sampling factors in a JPEG's frame header mean: rows of blocks, and how fine its colours are. It reads no picture.

/**
 * T.81 B.2.2 and A.2: the factor in height of each component in the low half of its second byte; the rows of a
 * component alone have eight lines, whatever its factor is, and the decoder takes them together by that factor.
 * `undefined` where the factors differ.
 */
export function linesOfRow(frameHeader: Uint8Array): number | undefined {
  const factors = factorBytes(frameHeader).map((byte) => byte & 15);
  const [first = 0] = factors;
  if (first === 0 || factors.some((factor) => factor !== first)) return undefined;
  return factors.length === 1 && first > 1 ? undefined : 8 * first;
}

/** Samples of all components but the first for each of the first; 0 for one component, `undefined` where it has none. */
export function chromaSamples(frameHeader: Uint8Array): number | undefined {
  const [luma = 0, ...others] = factorBytes(frameHeader).map((byte) => (byte >> 4) * (byte & 15));
  if (luma === 0) return undefined;
  return others.reduce((sum, samples) => sum + samples, 0) / luma;
}

/** Of each component: the factor in width in the upper half, in height in the lower. */
function factorBytes(frameHeader: Uint8Array): readonly number[] {
  return [...frameHeader.subarray(6).filter((_, at) => at % 3 === 1)];
}
