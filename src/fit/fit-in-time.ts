// Gives every fit the same time; it fits nothing itself.
import type { FitOutcome, Frame } from '../domain.ts';
import { withDeadline, type Clock } from '../support/clock.ts';
import type { Fit, FitBounds } from './fit-frame.ts';

/**
 * The codec's own limit is 10 s a pass, and mozjpeg's last pass listens to none (13 s for 12 megapixels of noise on
 * x86-64).
 */
export const FIT_MS_MAX = 60_000;

/** A frame that takes longer is undecodable, and the encode at hand is its last: nobody waits for that. */
export async function fitInTime(
  { clock, fit }: { readonly clock: Clock; readonly fit: Fit },
  frame: Frame,
  bounds: FitBounds,
): Promise<FitOutcome> {
  const over = new AbortController();
  const done = await withDeadline(clock, FIT_MS_MAX, fit(frame, bounds, over.signal));
  if (done.kind === 'done') return done.value;
  over.abort();
  return { kind: 'undecodable', detail: `not fitted within ${FIT_MS_MAX} ms` };
}
