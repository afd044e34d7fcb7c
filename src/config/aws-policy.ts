// The least-privilege AWS IoT Core policy for one configuration, as a document; it knows no account and asks nobody.
import { expanded } from './limits.ts';
import type { Loaded } from './load.ts';
import { PUBLISHED, SUBSCRIBED } from './own-topics.ts';
import type { Config } from './schema.ts';
import { withDeviceId } from './topics.ts';

export interface PolicyOptions {
  /** 12 digits; absent: a placeholder to replace. */
  readonly account?: string;
  readonly region?: string;
  /** The thing's name in place of the device id, so that one policy serves a fleet. */
  readonly thingVariables: boolean;
}

export interface PolicyStatement {
  readonly Effect: 'Allow';
  readonly Action: string;
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly PolicyStatement[];
}

/** "Policy variables", thing policy variables: filled in where the client id is the thing's name. */
export const THING_NAME = '${iot:Connection.Thing.ThingName}';
/** CreatePolicy in the API reference: white space does not count. */
export const POLICY_CHARACTERS_MAX = 2048;
export const ACCOUNT_PLACEHOLDER = 'ACCOUNT';
export const REGION_PLACEHOLDER = 'REGION';

/**
 * What the daemon and the commands beside it do with one certificate, and nothing else. Source of the forms: the AWS IoT
 * developer guide, "Connect policy examples", "Publish/Subscribe policy examples", "Retained message policy examples".
 */
export function awsPolicy(
  loaded: Pick<Loaded, 'config' | 'origins'>,
  options: PolicyOptions,
): PolicyDocument {
  const written = asWritten(loaded);
  const name = options.thingVariables ? THING_NAME : loaded.config.device.id;
  const config = expanded({ ...written, device: { ...written.device, id: name } });
  const own = ownTriggerTopic(written);
  const trigger = own === undefined ? [] : [withDeviceId(own, name)];
  const filters = filtersOf(config, trigger.length > 0);
  const published = [...topicsOf(config), ...trigger].map(literal);
  const clientId = literal(config.mqtt.clientId);
  const of = (kind: string, patterns: readonly string[]): string[] =>
    withoutCovered(patterns).map((pattern) => `${arnPrefix(options)}${kind}/${pattern}`);
  return {
    Version: '2012-10-17',
    Statement: [
      {
        ...allow('iot:Connect', of('client', [clientId, `${clientId}-cli-*`])),
        Condition: connectCondition(config, options),
      },
      allow('iot:Publish', of('topic', [...published, ...replyPatterns(config)])),
      ...(config.mqtt.retain
        ? [allow('iot:RetainPublish', of('topic', [literal(config.topics.status)]))]
        : []),
      allow('iot:Subscribe', of('topicfilter', [...new Set(filters)].map(literal))),
      allow('iot:Receive', of('topic', filters.flatMap(received))),
    ],
  };
}

/** The trigger topic that `shutterd trigger` uses and that is this device's alone; one camera must not trigger a fleet. */
export function ownTriggerTopic({ topics }: Pick<Config, 'topics'>): string | undefined {
  return topics.trigger.find((filter) => !/[+#]/.test(filter) && filter.includes('{deviceId}'));
}

/** The configuration with `{deviceId}` as it was written. */
export function asWritten({ config, origins }: Pick<Loaded, 'config' | 'origins'>): Config {
  // Each has passed its format: the last origin of a key is the value that counts.
  const written = <T>(key: string, effective: T): T => (origins.get(key)?.at(-1)?.value ?? effective) as T;
  const topics = Object.fromEntries(
    Object.entries(config.topics).map(([name, value]) => [name, written(`topics.${name}`, value)]),
  ) as Config['topics'];
  return {
    ...config,
    topics,
    mqtt: { ...config.mqtt, clientId: written('mqtt.clientId', config.mqtt.clientId) },
    results: { ...config.results, actions: written('results.actions', config.results.actions) },
  };
}

/** How long the document is for AWS. */
export function policyCharacters(document: PolicyDocument): number {
  return JSON.stringify(document).replace(/\s/g, '').length;
}

function allow(action: string, resources: readonly string[]): PolicyStatement {
  return { Effect: 'Allow', Action: action, Resource: resources };
}

/** China and GovCloud are partitions of their own ("Amazon Resource Names" in the general reference). */
function arnPrefix({ account, region }: PolicyOptions): string {
  const at = region ?? REGION_PLACEHOLDER;
  const partition = at.startsWith('cn-') ? 'aws-cn' : at.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
  return `arn:${partition}:iot:${at}:${account ?? ACCOUNT_PLACEHOLDER}:`;
}

/** A star or question mark in a name stands for itself (IAM, "Variables and tags": special characters). */
function literal(text: string): string {
  return text.replace(/[*?]/g, '${$&}');
}

/** Every connection attribute that is not listed is refused ("Using connectAttributes"); the daemon always has a will. */
function connectCondition(
  { mqtt }: Config,
  { thingVariables }: PolicyOptions,
): NonNullable<PolicyStatement['Condition']> {
  const attributes = [...(mqtt.sessionExpirySeconds > 0 ? ['PersistentConnect'] : []), 'LastWill'];
  return {
    'ForAllValues:StringEquals': { 'iot:ConnectAttributes': attributes },
    ...(thingVariables ? { Bool: { 'iot:Connection.Thing.IsAttached': 'true' } } : {}),
  };
}

/** The document is short of room: what a pattern covers need not stand beside it. */
function withoutCovered(patterns: readonly string[]): readonly string[] {
  const unique = [...new Set(patterns)];
  const covers = (pattern: string, other: string): boolean =>
    pattern !== other && pattern.endsWith('/*') && other.startsWith(pattern.slice(0, -1));
  return unique.filter((other) => !unique.some((pattern) => covers(pattern, other)));
}

function topicsOf(config: Config): readonly string[] {
  return Object.values(PUBLISHED).flatMap((topics) => topics(config));
}

/** With `broker: aws` answers to triggers go below here and nowhere else; elsewhere a sender chooses any topic. */
function replyPatterns({ mqtt, device }: Config): readonly string[] {
  return mqtt.broker === 'aws' ? [`device/${device.id}/*`] : [];
}

/** `shutterd trigger --wait` listens for the outcome of its trigger as well. */
function filtersOf(config: Config, triggers: boolean): readonly string[] {
  const { outcome } = config.topics;
  const own = Object.values(SUBSCRIBED).flatMap((filters) => filters(config));
  return [...own, ...(triggers && outcome !== '' ? [outcome] : [])];
}

/**
 * The topics that a filter matches, as patterns of a policy. `*` is not confined to one level, so the pattern for `+` is
 * wider than the filter; `#` also stands for the level above it (MQTT 5, 4.7.1.2), which `*` after a slash does not.
 */
function received(filter: string): readonly string[] {
  const topics = literal(filter.replace(/^\$share\/[^/]*\//, ''));
  const pattern = topics.replace(/(^|\/)[+#](?=\/|$)/g, '$1*');
  return topics.endsWith('/#') ? [pattern.slice(0, -2), pattern] : [pattern];
}
