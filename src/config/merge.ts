// Lays settings over the defaults, in order, and checks each value as it lands. Pure; what is refused changes nothing.
import { isRecord, listed } from './format.ts';
import { valueProblem, type Problem } from './problem.ts';
import type { Keys } from './schema.ts';
import type { LayerKind, Setting } from './setting.ts';

/** Who set a key, and to what. */
export interface Origin {
  /** `default`, a file (`path:line:column` of the key), `environment` or `flag`. */
  readonly source: string;
  readonly value: unknown;
}

export interface Merged {
  /** Effective values by dotted key; every key of the schema is there. */
  readonly values: ReadonlyMap<string, unknown>;
  readonly origins: ReadonlyMap<string, readonly Origin[]>;
  readonly problems: readonly Problem[];
  /** Keys with a refused value: rules about them would only report consequences. */
  readonly refused: ReadonlySet<string>;
}

/** The layers that may set a key which decides about layers. */
export const RESERVED: ReadonlyMap<string, readonly LayerKind[]> = new Map([
  ['device.id', ['local', 'environment', 'flag']],
  ['device.groups', ['fleet', 'next/fleet', 'device', 'local', 'environment', 'flag']],
  // Read before the tree is chosen: a next tree that had a word in it could never be left again.
  ['rollout.percent', ['fleet', 'local', 'environment', 'flag']],
  ['rollout.salt', ['fleet', 'local', 'environment', 'flag']],
]);

/** `settings` in the order of their layers; the last one wins. */
export function mergeSettings(
  keys: Keys,
  defaults: ReadonlyMap<string, unknown>,
  settings: readonly Setting[],
): Merged {
  const values = new Map(defaults);
  const origins = new Map([...defaults].map(([key, value]) => [key, [{ source: 'default', value }]]));
  const problems: Problem[] = [];
  for (const setting of settings) {
    const { key, source } = setting;
    const found = keys.get(key);
    if (found === undefined)
      throw new TypeError(`Cannot merge ${key}: there is no such key, names are checked before`);
    const { format, sensitive } = found;
    const value = format.merges === true ? mergedMap(values.get(key), setting.value) : setting.value;
    if (!mayBeSetIn(setting)) {
      const allowed = layerNames(RESERVED.get(key) ?? []);
      problems.push(valueProblem({ source, key, value, found: 'this layer may not set it', allowed }));
    } else if (!format.accepts(value)) {
      problems.push(
        valueProblem({
          source,
          key,
          value: sensitive === true ? '[secret]' : setting.value,
          allowed: format.allowed,
        }),
      );
    } else {
      values.set(key, value);
      origins.get(key)?.push({ source, value: setting.value });
    }
  }
  return { values, origins, problems, refused: new Set(problems.map(({ key }) => key)) };
}

/** The value that a reserved key has after `settings`, leaving out what may not set it. */
export function lastValue(settings: readonly Setting[], key: string): unknown {
  return settings.findLast((setting) => setting.key === key && mayBeSetIn(setting))?.value;
}

function mayBeSetIn({ key, layer }: Setting): boolean {
  return RESERVED.get(key)?.includes(layer) ?? true;
}

function layerNames(layers: readonly LayerKind[]): string {
  return listed(layers.map((layer) => (layer === 'device' ? 'devices/<id>' : layer)));
}

// Objects merge key by key at every depth; everything else replaces.
function mergedMap(below: unknown, above: unknown): unknown {
  if (!isRecord(below) || !isRecord(above)) return above;
  const entries = new Map(Object.entries(below));
  for (const [name, value] of Object.entries(above)) entries.set(name, mergedMap(entries.get(name), value));
  return Object.fromEntries(entries);
}
