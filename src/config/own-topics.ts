// The rules that keep a device from hearing itself, and the lists of what it publishes and subscribes to.
import type { Rule } from './rule.ts';
import type { Config } from './schema.ts';
import { filterMatches } from './topics.ts';

/** A subscription to what we publish ourselves is a loop: each request would be the next trigger. */
export function ownTopicRules(): readonly Rule[] {
  return Object.entries(SUBSCRIBED).flatMap(([filterKey, filtersOf]) =>
    Object.entries(PUBLISHED).map(([topicKey, topicsOf]) => ({
      keys: [filterKey, topicKey],
      broken: (config: Config) =>
        filtersOf(config).some((filter) => topicsOf(config).some((topic) => filterMatches(filter, topic))),
      allowed: 'a filter that does not match what this device publishes',
    })),
  );
}

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
