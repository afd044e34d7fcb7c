// The JSON Schema of the configuration files, for editors and hooks. It refuses no file that the loader takes.
import { isRecord, type SchemaPart } from './format.ts';
import type { Key } from './key.ts';
import { schemaKeys, type Keys } from './schema.ts';

/**
 * One schema for every layer, draft-07: what editors read. What needs more than one key or file, a count of bytes or the
 * machine is left to `config check`; so is which layer may set device.id, device.groups and rollout.
 */
export function jsonSchema(keys: Keys = schemaKeys()): SchemaPart {
  const root: SectionTree = new Map();
  for (const [name, key] of keys) {
    const names = name.split('.');
    const last = names.pop() ?? name;
    sectionAt(root, names).set(last, leaf(key));
  }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'shutterd configuration',
    description:
      'One layer: fleet, groups/NAME, devices/ID or local, as JSON or YAML. Every key is optional.',
    ...section(root),
  };
}

type SectionTree = Map<string, SchemaPart | SectionTree>;

function sectionAt(root: SectionTree, names: readonly string[]): SectionTree {
  let at = root;
  for (const name of names) {
    const found = at.get(name);
    const inner: SectionTree = found instanceof Map ? found : new Map<string, SchemaPart | SectionTree>();
    at.set(name, inner);
    at = inner;
  }
  return at;
}

/** A section that is written and left empty is `null` in YAML. */
function section(tree: SectionTree): SchemaPart {
  const properties = [...tree].map(([name, inner]) => [name, inner instanceof Map ? section(inner) : inner]);
  return {
    type: ['object', 'null'],
    properties: Object.fromEntries(properties) as SchemaPart,
    additionalProperties: false,
  };
}

function leaf({ doc, format, default: value, defaultNote }: Key<unknown>): SchemaPart {
  const note = defaultNote === undefined ? '' : ` Default: ${defaultNote}.`;
  return {
    description: `${doc} Allowed: ${format.allowed}.${note}`,
    ...(defaultNote === undefined && isShown(value) ? { default: value } : {}),
    ...format.schema,
  };
}

/** An editor that fills in defaults should not fill in `null`. */
function isShown(value: unknown): boolean {
  return value !== null && !(isRecord(value) && Object.keys(value).length === 0);
}
