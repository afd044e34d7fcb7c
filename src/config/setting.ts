// Turns files, environment and flags into settings: one value, one key, one source. It checks names, never values.
import { ALLOWED } from './allowed.ts';
import { isRecord } from './format.ts';
import { pathOf, type Document } from './document.ts';
import { nearestName } from './nearest-name.ts';
import { valueProblem, type Problem } from './problem.ts';
import type { Keys } from './schema.ts';

/** Which layer a setting comes from; it decides who may set `device.id`, `device.groups` and `rollout`. */
export type LayerKind = 'fleet' | 'next/fleet' | 'group' | 'device' | 'local' | 'environment' | 'flag';

export interface Setting {
  readonly layer: LayerKind;
  /** The file (`path:line:column` of the key), `environment` or `flag`. */
  readonly source: string;
  readonly key: string;
  readonly value: unknown;
}

export interface Settings {
  readonly settings: readonly Setting[];
  readonly problems: readonly Problem[];
}

const VARIABLE_PREFIX = 'SHUTTERD_';
// Switches of the test and benchmark runs, not configuration.
const FOREIGN_VARIABLE = /^SHUTTERD_(?:TEST|BENCH)_/;

/** `mqtt.tls.caFile` is `SHUTTERD_MQTT_TLS_CA_FILE`. */
export function variableName(key: string): string {
  return VARIABLE_PREFIX + key.replace(/[A-Z]/g, '_$&').replaceAll('.', '_').toUpperCase();
}

export function settingsOfFile(
  file: {
    readonly path: string;
    readonly layer: LayerKind;
    readonly document: Document & { kind: 'document' };
  },
  keys: Keys,
): Settings {
  const settings: Setting[] = [];
  const problems: Problem[] = [];
  const sections = sectionsOf(keys);
  const walk = (section: Readonly<Record<string, unknown>>, prefix: string): void => {
    for (const [name, value] of Object.entries(section)) {
      const key = prefix + name;
      // The sections above have no dots in their names, so a prefix is a path.
      const place = file.document.places.get(pathOf(prefix.slice(0, -1), name));
      const source =
        place === undefined ? file.path : `${file.path}:${String(place.line)}:${String(place.column)}`;
      // A dotted name is never a key: `mqtt.url` has to be written as `url` below `mqtt`.
      if (keys.has(key) && !name.includes('.')) settings.push({ layer: file.layer, source, key, value });
      else if (!sections.has(key) || name.includes('.'))
        problems.push(unknownKey({ source, key, value }, keys, sections));
      else if (isRecord(value)) walk(value, `${key}.`);
      else if (value !== null) problems.push(valueProblem({ source, key, value, allowed: ALLOWED.section }));
    }
  };
  walk(file.document.root, '');
  return { settings, problems };
}

export function settingsOfEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  keys: Keys,
): Settings {
  const byVariable = new Map([...keys].map(([key, { format }]) => [variableName(key), { key, format }]));
  const settings: Setting[] = [];
  const problems: Problem[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined || !variable.startsWith(VARIABLE_PREFIX) || FOREIGN_VARIABLE.test(variable))
      continue;
    const known = byVariable.get(variable);
    if (known !== undefined) {
      const { key, format } = known;
      settings.push({ layer: 'environment', source: 'environment', key, value: format.fromText(text) });
      continue;
    }
    const nearest = nearestName(variable, byVariable.keys());
    problems.push(unknown({ source: 'environment', key: variable, value: text }, nearest));
  }
  return { settings, problems };
}

/** `flags` are the texts after `--set`: `key=value`. */
export function settingsOfFlags(flags: readonly string[], keys: Keys): Settings {
  const settings: Setting[] = [];
  const problems: Problem[] = [];
  for (const flag of flags) {
    const [, key = '', text] = /^([^=]*)=(.*)$/s.exec(flag) ?? [];
    const format = keys.get(key)?.format;
    if (text === undefined) {
      problems.push(valueProblem({ source: 'flag', key: '--set', value: flag, allowed: ALLOWED.assignment }));
    } else if (format === undefined) {
      problems.push(unknownKey({ source: 'flag', key, value: text }, keys));
    } else {
      settings.push({ layer: 'flag', source: 'flag', key, value: format.fromText(text) });
    }
  }
  return { settings, problems };
}

interface Given {
  readonly source: string;
  readonly key: string;
  readonly value: unknown;
}

/** What keys stand below: `mqtt` and `mqtt.tls` for `mqtt.tls.caFile`. */
function sectionsOf(keys: Keys): ReadonlySet<string> {
  const names = [...keys.keys()].map((key) => key.split('.'));
  return new Set(names.flatMap((parts) => parts.slice(1).map((_, at) => parts.slice(0, at + 1).join('.'))));
}

function unknownKey(given: Given, keys: Keys, sections: Iterable<string> = []): Problem {
  if (keys.has(given.key)) {
    const at = given.key.lastIndexOf('.');
    const allowed = ALLOWED.keyBelow(given.key.slice(at + 1), given.key.slice(0, at));
    return valueProblem({ ...given, found: 'a key with dots is no key in a file', allowed });
  }
  return unknown(given, nearestName(given.key, [...keys.keys(), ...sections]));
}

function unknown(given: Given, nearest: string | undefined): Problem {
  const allowed = nearest === undefined ? ALLOWED.knownKey : ALLOWED.nearestKey(nearest);
  return valueProblem({ ...given, found: 'there is no such key', allowed });
}
