// Applies rules about several keys to an effective configuration and says which key to blame. It holds no rule itself.
import type { Origin } from './merge.ts';
import { shownValue, valueProblem, type Problem } from './problem.ts';
import type { Config } from './schema.ts';

export interface Rule {
  /** What the rule is about, the one that is blamed by default first. */
  readonly keys: readonly string[];
  readonly broken: (config: Config) => boolean;
  readonly allowed: string;
}

export interface Effective {
  /** Topics and client id expanded. */
  readonly config: Config;
  readonly values: ReadonlyMap<string, unknown>;
  readonly origins: ReadonlyMap<string, readonly Origin[]>;
}

/** All broken rules. A rule about a key in `refused` is left out: it would only report a consequence. */
export function ruleProblems(
  rules: readonly Rule[],
  effective: Effective,
  refused: ReadonlySet<string>,
): readonly Problem[] {
  return rules
    .filter(({ keys, broken }) => !keys.some((key) => refused.has(key)) && broken(effective.config))
    .map((rule) => blame(rule, effective));
}

/** Where the effective value of `key` comes from. */
export function sourceOf(key: string, origins: ReadonlyMap<string, readonly Origin[]>): string {
  return origins.get(key)?.at(-1)?.source ?? 'default';
}

function blame({ keys, allowed }: Rule, { values, origins }: Effective): Problem {
  const key = keys.find((candidate) => sourceOf(candidate, origins) !== 'default') ?? keys[0] ?? '';
  const value = values.get(key);
  const shown = (name: string): string => shownValue(name, values.get(name));
  const others = keys.filter((other) => other !== key).map((other) => ` and ${other} is ${shown(other)}`);
  const found = `it is ${shown(key)}${others.join('')}`;
  return valueProblem({ source: sourceOf(key, origins), key, value, found, allowed });
}
