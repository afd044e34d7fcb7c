// Real randomness behind the port of the domain; never called by a stage directly.
import { randomInt, randomUUID } from 'node:crypto';
import type { Random } from '../domain.ts';

const FRACTION_STEPS = 2 ** 47; // randomInt takes ranges below 2^48

export function createRandom(): Random {
  return {
    fraction: () => randomInt(FRACTION_STEPS) / FRACTION_STEPS,
    uuid: () => randomUUID(),
  };
}
