// Renders a loaded configuration and its reference for people and machines; it reads nothing and prints nothing.
import type { Loaded } from './load.ts';
import type { Origin } from './merge.ts';
import { nearestName } from './nearest-name.ts';
import { isRecord } from './format.ts';
import { withoutCredentials } from './hide-secrets.ts';
import { describeRollout, type Rollout } from './rollout.ts';
import { sourceOf } from './rule.ts';
import { schemaKeys, type Keys } from './schema.ts';
import { escapeInvisible } from '../support/visible-text.ts';

/** One line a key: `key  value  (source)`, in columns, secrets masked; then which tree was taken, where there are two. */
export function showConfig(loaded: Loaded): string {
  const rows = rowsOf(loaded);
  const keyWidth = Math.max(...rows.map(({ key }) => key.length));
  const valueWidth = Math.min(VALUE_COLUMN_MAX, Math.max(...rows.map(({ text }) => text.length)));
  const lines = rows.map(
    ({ key, text, source }) =>
      `${key.padEnd(keyWidth)}  ${text.padEnd(valueWidth)}  (${escapeInvisible(source)})\n`,
  );
  return lines.join('') + rolloutLine(loaded);
}

export interface ShownConfig {
  /** By dotted key, in the order of the reference. */
  readonly values: Readonly<Record<string, { readonly value: unknown; readonly source: string }>>;
  readonly files: readonly string[];
  readonly hash: string;
  readonly warnings: readonly string[];
  /** Where there is a next tree. */
  readonly rollout?: Rollout;
}

/** The same for machines. */
export function showConfigJson(loaded: Loaded): ShownConfig {
  const values = Object.fromEntries(rowsOf(loaded).map(({ key, value, source }) => [key, { value, source }]));
  const { files, hash, warnings, rollout } = loaded;
  return { values, files, hash, warnings, ...(rollout === undefined ? {} : { rollout }) };
}

/** Every key with default and description, as a Markdown table. */
export function showReference(keys: Keys = schemaKeys()): string {
  const rows = [...keys].map(([name, { default: value, defaultNote, doc, format }]) => {
    const text = defaultNote ?? (value === null ? 'unset' : `\`${JSON.stringify(value)}\``);
    return `| \`${name}\` | ${cell(text)} | ${cell(doc)} Allowed: ${cell(format.allowed)}. |\n`;
  });
  return `| key | default | description |\n| --- | --- | --- |\n${rows.join('')}`;
}

export interface ReferenceRow {
  readonly key: string;
  readonly default: unknown;
  readonly description: string;
  readonly allowed: string;
}

/** The same for machines. */
export function showReferenceJson(keys: Keys = schemaKeys()): readonly ReferenceRow[] {
  return [...keys].map(([key, { default: value, doc, format }]) => {
    return { key, default: value, description: doc, allowed: format.allowed };
  });
}

export type Explanation =
  | { readonly kind: 'explained'; readonly text: string; readonly origins: readonly Origin[] }
  | { readonly kind: 'unknown'; readonly nearest?: string };

/** Who set a key, the one that counts first, then what it overrode. */
export function explainKey(loaded: Loaded, key: string, keys: Keys = schemaKeys()): Explanation {
  const found = keys.get(key);
  if (found === undefined) {
    const nearest = nearestName(key, keys.keys());
    return nearest === undefined ? { kind: 'unknown' } : { kind: 'unknown', nearest };
  }
  const mask = found.sensitive === true;
  const origins = (loaded.origins.get(key) ?? []).map(({ source, value }) => ({
    source,
    value: masked(value, mask),
  }));
  const lines = origins.toReversed().map(({ source, value }, at) => {
    return `${at === 0 ? key : '  over'}  ${shown(value)}  (${escapeInvisible(source)})\n`;
  });
  return {
    kind: 'explained',
    text: `${lines.join('')}  ${found.doc}\n  Allowed: ${found.format.allowed}.\n${rolloutLine(loaded)}`,
    origins,
  };
}

// Longer values push their source out of its column instead of pushing all others.
const VALUE_COLUMN_MAX = 44;

interface Row {
  readonly key: string;
  readonly value: unknown;
  readonly text: string;
  readonly source: string;
}

function rowsOf({ config, origins }: Loaded): readonly Row[] {
  return [...schemaKeys()].map(([key, { sensitive }]) => {
    const value = masked(valueAt(config, key), sensitive === true);
    return { key, value, text: shown(value), source: sourceOf(key, origins) };
  });
}

function rolloutLine({ rollout }: Loaded): string {
  return rollout === undefined ? '' : `${describeRollout(rollout)}\n`;
}

function masked(value: unknown, sensitive: boolean): unknown {
  if (sensitive && value !== null) return '[secret]';
  return typeof value === 'string' ? withoutCredentials(value) : value; // the query of a camera's URL
}

/** Plain words stay plain, as one would write them in YAML; everything else is JSON. */
function shown(value: unknown): string {
  const isPlain = typeof value === 'string' && /^(?!(?:true|false|null)$)[A-Za-z/][\w./:@%+-]*$/.test(value);
  return isPlain ? value : escapeInvisible(JSON.stringify(value));
}

function valueAt(config: object, key: string): unknown {
  return key
    .split('.')
    .reduce<unknown>((section, name) => (isRecord(section) ? section[name] : undefined), config);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
