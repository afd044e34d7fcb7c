// Loads the configuration: reads the layers, checks every value, and gives it whole or not at all. It never applies one.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readSystemText } from '../support/files.ts';
import { isRecord } from './format.ts';
import { DISK, type FileSource } from './file-source.ts';
import { absolutePath } from './formats.ts';
import { greengrassWarnings } from './greengrass-keys.ts';
import { componentIdentity, machineIdentity, type Identity } from './identity.ts';
import { readLayers } from './layers.ts';
import { configWarnings, expanded, LIMITS } from './limits.ts';
import { mergeSettings, type Merged, type Origin } from './merge.ts';
import { valueProblem, type Problem } from './problem.ts';
import type { Rollout, Tree } from './rollout.ts';
import { ruleProblems } from './rule.ts';
import { configOf, schemaKeys, type Config, type Keys } from './schema.ts';
import { settingsOfEnvironment, settingsOfFlags } from './setting.ts';
import type { Trust } from './trust.ts';

export interface LoadOptions {
  /** The `--config` paths, in order: folders laid out as a tree, or single files. */
  readonly paths: readonly string[];
  /** True where nobody asked for these paths, so that their absence is no problem. */
  readonly defaultPathMayBeAbsent: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The `--set` flags: `key=value`. */
  readonly settings: readonly string[];
  readonly hostName: string;
  /** In place of the machine's own files: the text of one, or `undefined` where there is none. */
  readonly readMachine?: (path: string) => Promise<string | undefined>;
  /** Where the outbox is unless `outbox.directory` is set; default `/var/lib/shutterd`. */
  readonly stateDirectory?: string;
  /** Loads for the device of this id, wherever this runs: machine, environment and `local` files have no say then. */
  readonly device?: string;
  /** In place of the tree that `rollout` chooses. */
  readonly tree?: Tree;
  /** In place of the disk: what was kept of these paths. */
  readonly files?: FileSource;
  /** Whose files are believed; absent: everybody's, which is for trees that no daemon will run. */
  readonly trust?: Trust;
}

export interface Loaded {
  readonly kind: 'loaded';
  /** Deep-frozen; `{deviceId}` is expanded in the topics and the client id. */
  readonly config: Config;
  /** By dotted key: everyone who set it, the built-in default first, the one that counts last. */
  readonly origins: ReadonlyMap<string, readonly Origin[]>;
  /** Files that were read, in the order of their layers. */
  readonly files: readonly string[];
  /** SHA-256 (hex) of the effective configuration in canonical form. */
  readonly hash: string;
  readonly warnings: readonly string[];
  /** Which tree the device took; absent where there is no next one. */
  readonly rollout?: Rollout;
}

export type LoadOutcome = Loaded | { readonly kind: 'rejected'; readonly problems: readonly Problem[] };

/** Everything that is wrong is reported at once. Reads the files and, for a device without a name, what the machine is. */
export async function loadConfig(options: LoadOptions): Promise<LoadOutcome> {
  const keys = schemaKeys();
  const { device, tree, trust } = options;
  const environment = settingsOfEnvironment(device === undefined ? options.env : {}, keys);
  const flags = settingsOfFlags(options.settings, keys);
  const above = [...environment.settings, ...flags.settings];
  const identity: Identity =
    device === undefined
      ? (componentIdentity(options.env) ??
        (await machineIdentity(options.hostName, options.readMachine ?? readSystemText)))
      : { kind: 'named', deviceId: device };
  const layers = await readLayers({
    keys,
    files: options.files ?? DISK,
    paths: options.paths,
    pathsMayBeAbsent: options.defaultPathMayBeAbsent,
    above,
    defaultDeviceId: identity.kind === 'named' ? identity.deviceId : undefined,
    withLocal: device === undefined,
    ...(tree === undefined ? {} : { tree }),
    ...(trust === undefined ? {} : { trust }),
  });
  const outbox = join(options.stateDirectory ?? '/var/lib/shutterd', 'outbox');
  const defaults = machineDefaults(keys, identity, outbox);
  const merged = mergeSettings(keys, defaults, [...layers.settings, ...above]);
  const config = expanded(configOf(merged.values));
  const problems = [
    ...layers.problems,
    ...environment.problems,
    ...flags.problems,
    ...merged.problems,
    ...identityProblems(identity, merged),
    ...stateDirectoryProblems(outbox, merged),
    ...ruleProblems(LIMITS, { ...merged, config }, merged.refused),
  ];
  if (problems.length > 0) return { kind: 'rejected', problems };
  return {
    kind: 'loaded',
    config: deepFrozen(config),
    origins: merged.origins,
    files: layers.files,
    hash: createHash('sha256').update(canonicalJson(config)).digest('hex'),
    warnings: [...layers.warnings, ...configWarnings(config), ...greengrassWarnings(config, merged.origins)],
    ...(layers.rollout === undefined ? {} : { rollout: layers.rollout }),
  };
}

function machineDefaults(keys: Keys, identity: Identity, outbox: string): ReadonlyMap<string, unknown> {
  const defaults = new Map([...keys].map(([name, { default: value }]) => [name, value]));
  if (identity.kind === 'named') defaults.set('device.id', identity.deviceId);
  if (absolutePath.accepts(outbox)) defaults.set('outbox.directory', outbox);
  return defaults;
}

function identityProblems(identity: Identity, { origins }: Merged): readonly Problem[] {
  const isSet = (origins.get('device.id')?.length ?? 0) > 1;
  if (identity.kind === 'named' || isSet) return [];
  const { found, allowed } = identity;
  return [valueProblem({ source: 'default', key: 'device.id', value: null, found, allowed })];
}

function stateDirectoryProblems(outbox: string, { origins }: Merged): readonly Problem[] {
  const isSet = (origins.get('outbox.directory')?.length ?? 0) > 1;
  if (isSet || absolutePath.accepts(outbox)) return [];
  const { allowed } = absolutePath;
  return [valueProblem({ source: 'environment', key: 'outbox.directory', value: outbox, allowed })];
}

/** JSON with its keys in order, so that equal configurations have equal text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isRecord(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFrozen);
  return Object.freeze(value);
}
