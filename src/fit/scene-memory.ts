// What the last frame teaches about the next one of the same camera; numbers only, it keeps no picture.
import { predict, usualSlope, type ByteCurve } from './byte-curve.ts';
import { coarseness, tableOfQuality, type QuantisationTable } from './coarseness.ts';
import type { FitSearch, FitSearchOutcome } from './fit-to-budget.ts';
import type { Narrow } from './narrow.ts';

/** One frame as the search sees it: how large, and how the camera coded it. */
export interface Scene {
  readonly frameBytes: number;
  /** Pixels of the frame, and of the picture that is made of it. */
  readonly framePixels: number;
  readonly widthPx: number;
  readonly heightPx: number;
  /** The camera's luma table; absent where the frame names none. */
  readonly table?: QuantisationTable;
  /** Samples of both chroma channels for each of luma; absent where the frame does not say. */
  readonly chromaSamples?: number;
  /** The whole frame, upright or turned: only then its own bytes are a point of the curve. */
  readonly whole: boolean;
}

export interface SceneMemory {
  /** Where to start with this frame, and whether it is like the last one. */
  expect(
    scene: Scene,
    budgetBytes: number,
  ): Pick<FitSearch, 'curve' | 'coarsenessOf' | 'narrow'> & { readonly basis: 'firstSight' | 'knownScene' };
  remember(scene: Scene, found: FitSearchOutcome & { kind: 'fitted' }): void;
}

export function createSceneMemory(): SceneMemory {
  let last: Remembered | undefined;
  return {
    expect(scene, budgetBytes) {
      const coarsenessOf = coarsenessIn(scene);
      const known = last !== undefined && isLike(last.scene, scene) ? last : undefined;
      if (known === undefined) {
        return { curve: firstCurve(scene, budgetBytes), coarsenessOf, basis: 'firstSight' };
      }
      const { narrow } = known;
      const growth = growthOf(known.scene, scene);
      return {
        curve: rememberedCurve(known, { growth, coarsenessOf }),
        coarsenessOf,
        basis: 'knownScene',
        ...(narrow === undefined ? {} : { narrow: { ...narrow, lowestBytes: narrow.lowestBytes * growth } }),
      };
    },
    remember(scene, { quality, curve, narrow }) {
      const coarsenessOf = coarsenessIn(scene);
      // Its neighbours, measured or expected, say whether the next better quality is worth an encode.
      const points = [quality - 1, quality, quality + 1].map((one) => ({
        quality: one,
        bytes: Math.exp(predict(curve, coarsenessOf(one))),
      }));
      last = { scene, points, slope: curve.slope, ...(narrow === undefined ? {} : { narrow }) };
    },
  };
}

// Fewer pixels hold more detail each, so bytes fall more slowly than the area.
const BYTES_BY_AREA_EXPONENT = 0.85;

interface Remembered {
  readonly scene: Scene;
  /** By quality, because coarseness is about one camera's tables. */
  readonly points: readonly { readonly quality: number; readonly bytes: number }[];
  readonly slope: number;
  readonly narrow?: Narrow;
}

function isLike(one: Scene, other: Scene): boolean {
  return one.widthPx === other.widthPx && one.heightPx === other.heightPx && one.whole === other.whole;
}

/** A busier scene makes a larger frame; where the camera changed its tables, the sizes cannot be compared. */
function growthOf(from: Scene, to: Scene): number {
  const sameTable = from.table?.join() === to.table?.join();
  return sameTable && from.frameBytes > 0 ? to.frameBytes / from.frameBytes : 1;
}

function coarsenessIn({ table, whole }: Scene): (quality: number) => number {
  return (quality) => coarseness(tableOfQuality(quality), whole ? table : undefined);
}

/** Nothing was encoded yet, but the camera did: its own bytes at its own tables are the first point, for nothing. */
function firstCurve(scene: Scene, budgetBytes: number): ByteCurve {
  const { frameBytes, framePixels, widthPx, heightPx, whole } = scene;
  const table = scene.table ?? tableOfQuality(CAMERA_QUALITY);
  const shrinking = whole ? 1 : ((widthPx * heightPx) / framePixels) ** BYTES_BY_AREA_EXPONENT;
  const logBytes = Math.log(Math.max(1, frameBytes * shrinking)) - finerChroma(scene) * LOG_BYTES_BY_CHROMA;
  const origin = whole && scene.table !== undefined ? ('camera' as const) : ('guess' as const);
  const point = { coarseness: coarseness(table, whole ? scene.table : undefined), logBytes, origin };
  // The slope changes on the way down to the budget: what it is half-way is about its mean.
  const halfWay = (logBytes + Math.log(Math.max(1, budgetBytes))) / 2;
  return { points: [point], slope: usualSlope(halfWay - Math.log(widthPx * heightPx)) };
}

const CAMERA_QUALITY = 93;
// Ours has half a chroma sample for each of luma (4:2:0), a webcam's mostly one (4:2:2): what it has more goes.
const OWN_CHROMA_SAMPLES = 0.5;
const LOG_BYTES_BY_CHROMA = 0.2;

/** How often the camera's chroma is twice ours. */
function finerChroma({ chromaSamples = 0 }: Scene): number {
  return Math.max(0, Math.log2(chromaSamples / OWN_CHROMA_SAMPLES));
}

function rememberedCurve(
  { points, slope }: Remembered,
  now: { growth: number; coarsenessOf: (quality: number) => number },
): ByteCurve {
  const moved = points.map(({ quality, bytes }) => ({
    coarseness: now.coarsenessOf(quality),
    logBytes: Math.log(Math.max(1, bytes * now.growth)),
    origin: 'guess' as const,
  }));
  return { points: moved.sort((a, b) => a.coarseness - b.coarseness), slope };
}
