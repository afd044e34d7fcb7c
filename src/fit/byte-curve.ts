// What is known and guessed of a picture's bytes over its coarseness: a line through points. It encodes nothing.

export interface Point {
  readonly coarseness: number;
  readonly logBytes: number;
  /**
   * `measured`: encoded from this very picture; `camera`: its bytes as the camera coded it, which has other Huffman
   * tables and chroma than we; `guess`: carried over from a picture like it.
   */
  readonly origin: 'measured' | 'camera' | 'guess';
}

export interface ByteCurve {
  /** By coarseness, finest first; never empty. */
  readonly points: readonly Point[];
  /** Below zero: how log(bytes) changes with coarseness beyond the points. */
  readonly slope: number;
}

/**
 * The slope to be expected where a pixel takes so many bytes, before this picture was ever encoded. Where it takes many
 * (noise, leaves), bytes fall slowly; where it takes few, what is left are faint details, and these go fast.
 */
export function usualSlope(logBytesPerPixel: number): number {
  return boundedSlope(SLOPE_AT_ONE_BYTE + SLOPE_BY_BYTES * logBytesPerPixel);
}

/** The logarithm of the bytes to be expected. */
export function predict({ points, slope }: ByteCurve, coarseness: number): number {
  const finer = points.findLast((point) => point.coarseness <= coarseness);
  const coarser = points.find((point) => point.coarseness > coarseness);
  if (finer !== undefined && coarser !== undefined) {
    const share = (coarseness - finer.coarseness) / (coarser.coarseness - finer.coarseness);
    return finer.logBytes + share * (coarser.logBytes - finer.logBytes);
  }
  const nearest = finer ?? coarser;
  if (nearest === undefined) throw new TypeError('Cannot predict bytes: the curve has 0 points, 1 is needed');
  return nearest.logBytes + slope * (coarseness - nearest.coarseness);
}

/** The curve through a new measurement: what is less sure moves along with it. */
export function learn(curve: ByteCurve, measured: Omit<Point, 'origin'>): ByteCurve {
  const error = measured.logBytes - predict(curve, measured.coarseness);
  const others = curve.points
    .filter(({ coarseness }) => coarseness !== measured.coarseness)
    .map((point) => moved(point, error, measured.coarseness));
  const points = [...others, { ...measured, origin: 'measured' as const }];
  points.sort((a, b) => a.coarseness - b.coarseness);
  return { points, slope: slopeOf(points) ?? curve.slope };
}

/** The same points as guesses, for a picture that is only like this one. */
export function carriedOver({ points, slope }: ByteCurve): ByteCurve {
  return { points: points.map((point) => ({ ...point, origin: 'guess' })), slope };
}

// Of two errors that look alike, a camera's point that is off and a slope that is: the first one is likelier nearby.
const CAMERA_POINT_REACH = 0.4;

function moved(point: Point, error: number, at: number): Point {
  switch (point.origin) {
    case 'measured':
      return point;
    case 'guess':
      return { ...point, logBytes: point.logBytes + error };
    case 'camera': {
      const share = 1 / (1 + ((at - point.coarseness) / CAMERA_POINT_REACH) ** 2);
      return { ...point, logBytes: point.logBytes + share * error, origin: 'measured' };
    }
  }
}

// Points that are close together say little about what lies far off them.
const APART_MIN = 0.3;
const SLOPE_STEEPEST = -1.4;
const SLOPE_FLATTEST = -0.5;
// Fitted to photographs, those of `npm run bench` that are held out not among them.
const SLOPE_AT_ONE_BYTE = -0.38;
const SLOPE_BY_BYTES = 0.23;

function slopeOf(points: readonly Point[]): number | undefined {
  const measured = points.filter(({ origin }) => origin === 'measured');
  const [first, last] = [measured.at(0), measured.at(-1)];
  if (first === undefined || last === undefined || last.coarseness - first.coarseness < APART_MIN)
    return undefined;
  return boundedSlope((last.logBytes - first.logBytes) / (last.coarseness - first.coarseness));
}

function boundedSlope(slope: number): number {
  return Math.min(SLOPE_FLATTEST, Math.max(SLOPE_STEEPEST, slope));
}
