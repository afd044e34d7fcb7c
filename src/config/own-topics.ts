// The rules that keep a device from hearing itself, or anything twice, and the lists of what it publishes and subscribes to.
import type { Rule } from './rule.ts';
import type { Config } from './schema.ts';
import { filterCovers, filterMatches, filtersOverlap } from './topics.ts';

/** A subscription to what we publish ourselves is a loop: each request would be the next trigger. */
export function ownTopicRules(): readonly Rule[] {
  return [...hearsItself(), ...PURPOSES_APART, TRIGGERS_ONCE];
}

function hearsItself(): readonly Rule[] {
  return Object.entries(SUBSCRIBED).flatMap(([filterKey, filtersOf]) =>
    Object.entries(PUBLISHED).map(([topicKey, topicsOf]) => ({
      keys: [filterKey, topicKey],
      broken: (config: Config) =>
        filtersOf(config).some((filter) => topicsOf(config).some((topic) => filterMatches(filter, topic))),
      allowed: 'a filter that does not match what this device publishes',
    })),
  );
}

const overlapsTriggers = (filter: string, { topics }: Config): boolean =>
  topics.trigger.some((trigger) => filtersOverlap(trigger, filter));

/** A result that is a trigger as well takes the next picture, without end; a trigger that is a pause takes none. */
const PURPOSES_APART: readonly Rule[] = [
  {
    keys: ['topics.trigger', 'topics.response'],
    broken: (config) => overlapsTriggers(config.topics.response, config),
    allowed: 'filters for triggers and results that have no topic in common',
  },
  {
    keys: ['topics.trigger', 'topics.pause'],
    broken: (config) => overlapsTriggers(config.topics.pause, config),
    allowed: 'filters for triggers and the pause that have no topic in common',
  },
];

/** A broker may deliver a message once for each filter that matches it: two pictures for one trigger. */
const TRIGGERS_ONCE: Rule = {
  keys: ['topics.trigger'],
  broken: ({ topics }) =>
    topics.trigger.some((one, at) =>
      topics.trigger.slice(at + 1).some((other) => {
        const isCovered = filterCovers(one, other) || filterCovers(other, one);
        return !isCovered && filtersOverlap(one, other);
      }),
    ),
  allowed: 'filters of which one covers the other wherever two match the same topic',
};

type TopicsByKey = Readonly<Record<string, (config: Config) => readonly string[]>>;

/** The topic filters of a configuration, by key. */
export const SUBSCRIBED: TopicsByKey = {
  'topics.trigger': ({ topics }) => topics.trigger,
  'topics.response': ({ topics }) => [topics.response],
  'topics.pause': ({ topics }) => [topics.pause],
};

/** The topics that a device publishes on, by key. */
export const PUBLISHED: TopicsByKey = {
  'topics.request': ({ topics }) => [topics.request],
  'topics.status': ({ topics }) => [topics.status],
  'topics.outcome': ({ topics }) => (topics.outcome === '' ? [] : [topics.outcome]),
  'results.actions': ({ results }) => results.actions.map(({ publish }) => publish),
};
