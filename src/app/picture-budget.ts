// Joins the shape of the payload and the arithmetic of the budget; it builds neither request nor picture.
import { jpegBudgetBytes } from '../fit/budget.ts';
import type { PayloadShape } from '../request/build-request.ts';

/** The most JPEG bytes that still give a legal payload; a picture that is not sent has no bound, so it stays as it is. */
export function pictureBudgetBytes(maxPayloadBytes: number, shape: PayloadShape): number {
  return shape.encoding === 'none'
    ? Number.MAX_SAFE_INTEGER
    : jpegBudgetBytes({ ...shape, encoding: shape.encoding, maxPayloadBytes });
}
