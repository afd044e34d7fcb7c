// Randomness that a test knows beforehand: the fractions it gives, in turn, and numbered UUIDs.
import type { Random } from '../../src/domain.ts';

/** `fractions` repeat from the start when they are used up. */
export function createFixedRandom(fractions: readonly number[] = [0.5]): Random {
  let drawn = 0;
  let uuids = 0;
  return {
    fraction() {
      const fraction = fractions[drawn % fractions.length] ?? 0.5;
      drawn += 1;
      return fraction;
    },
    uuid() {
      uuids += 1;
      return fixedUuid(uuids);
    },
  };
}

/** The UUID that `uuid()` gives at its call number `call`, counted from 1. */
export function fixedUuid(call: number): string {
  return `00000000-0000-4000-8000-${String(call).padStart(12, '0')}`;
}
