// The keys whose other values this version does not act on, as a table: each is refused plainly, none is ignored.
import type { Origin } from './merge.ts';
import { shownValue, valueProblem, type Problem } from './problem.ts';
import { sourceOf } from './rule.ts';
import type { Keys } from './schema.ts';

export interface NotYet {
  readonly key: string;
  /** The values that are refused; where there are none here, every value but the default. */
  readonly values?: readonly unknown[];
}

export const NOT_YET: readonly NotYet[] = [{ key: 'mqtt.transport' }];

/** `values` as they were given: nothing expanded. */
export function notYetProblems(
  keys: Keys,
  values: ReadonlyMap<string, unknown>,
  origins: ReadonlyMap<string, readonly Origin[]>,
): readonly Problem[] {
  return NOT_YET.filter((entry) => isRefused(entry, keys, values)).map(({ key, values: refused }) => {
    const value = values.get(key);
    return valueProblem({
      source: sourceOf(key, origins),
      key,
      value,
      found: `it is ${shownValue(value)}, which this version cannot act on yet`,
      allowed: refused === undefined ? `the default, ${shownValue(keys.get(key)?.default)}` : allBut(refused),
    });
  });
}

function isRefused(
  { key, values: refused }: NotYet,
  keys: Keys,
  values: ReadonlyMap<string, unknown>,
): boolean {
  const value = values.get(key);
  // Values are plain data and defaults are scalars or empty, so their JSON tells them apart.
  return refused?.includes(value) ?? JSON.stringify(value) !== JSON.stringify(keys.get(key)?.default);
}

function allBut(refused: readonly unknown[]): string {
  return `any word but ${refused.map(String).join(' and ')}`;
}
