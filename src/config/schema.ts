// The configuration schema and its type; the only importer of convict, which it never lets read arguments or environment.
import convict from 'convict';
import { isRecord } from './format.ts';
import type { Key } from './key.ts';
import { deviceKeys, mqttKeys, topicKeys } from './link-keys.ts';
import { cameraKeys, imageKeys, payloadKeys, triggerKeys } from './picture-keys.ts';
import { configKeys, logKeys, outboxKeys, resultKeys, rolloutKeys } from './store-keys.ts';

/** Every key, in the order of the reference. */
export const SCHEMA = {
  device: deviceKeys,
  mqtt: mqttKeys,
  topics: topicKeys,
  trigger: triggerKeys,
  camera: cameraKeys,
  image: imageKeys,
  payload: payloadKeys,
  outbox: outboxKeys,
  results: resultKeys,
  rollout: rolloutKeys,
  config: configKeys,
  log: logKeys,
};

/** The effective configuration. What is unset is `null`. */
export type Config = Values<typeof SCHEMA>;

type Values<S> = { readonly [K in keyof S]: S[K] extends Key<infer T> ? T : Values<S[K]> };

/** The keys by dotted name (`mqtt.tls.caFile`), in the order of the reference. */
export type Keys = ReadonlyMap<string, Key<unknown>>;

export function schemaKeys(): Keys {
  return new Map(flatKeys(SCHEMA, ''));
}

/** A convict instance that holds the defaults, with our formats and nothing of convict's own coercion. */
export function createSchema(): convict.Config<Config> {
  for (const { format } of schemaKeys().values()) {
    convict.addFormat({
      name: format.name,
      validate: (value: unknown) => {
        const given = unshielded(value);
        if (!format.accepts(given)) throw new TypeError(`allowed is ${format.allowed}`);
      },
    });
  }
  return convict<Config>(convictTree(SCHEMA), { args: [], env: {} });
}

/**
 * The configuration that `values` (by dotted name) make over the defaults.
 * Throws where convict refuses one: the layers have checked them all, so that is a bug.
 */
export function configOf(values: ReadonlyMap<string, unknown>): Config {
  const schema = createSchema();
  for (const [name, value] of values) schema.set(name, shielded(value));
  schema.validate({ allowed: 'strict' });
  return unshielded(schema.getProperties()) as Config; // strict validation has just proved it
}

function flatKeys(tree: object, prefix: string): [string, Key<unknown>][] {
  return Object.entries(tree).flatMap(([name, node]: [string, unknown]): [string, Key<unknown>][] => {
    if (isKey(node)) return [[prefix + name, node]];
    return isRecord(node) ? flatKeys(node, `${prefix}${name}.`) : [];
  });
}

function isKey(node: unknown): node is Key<unknown> {
  return isRecord(node) && 'format' in node && 'doc' in node && 'default' in node;
}

function convictTree(tree: object): convict.Schema<Config> {
  const entries = Object.entries(tree).map(([name, node]: [string, unknown]): [string, unknown] => {
    if (!isKey(node)) return [name, isRecord(node) ? convictTree(node) : node];
    const { format, doc, sensitive } = node;
    return [
      name,
      { format: format.name, default: shielded(node.default), doc, sensitive: sensitive === true },
    ];
  });
  return Object.fromEntries(entries) as convict.Schema<Config>; // SCHEMA's own shape, key by key
}

// convict walks into plain objects by dotted paths and fails at a map key that holds a dot (a label such as
// `St. Bernard`); a Map is a single value to it.
function shielded(value: unknown): unknown {
  return isRecord(value) ? new Map(Object.entries(value)) : value;
}

function unshielded(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unshielded(inner)]));
}
