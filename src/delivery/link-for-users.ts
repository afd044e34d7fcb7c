// A link as those see it who publish beside the drain: what the broker refuses them is told once for each topic.
import type { Link } from '../domain.ts';
import type { Log } from '../support/log.ts';

export function linkForUsers(link: Link, log: Log): Link {
  const told = new Set<string>();
  return {
    protocol: link.protocol,
    ended: link.ended,
    close: () => link.close(),
    abort: (problem) => {
      link.abort(problem);
    },
    async publish(message) {
      const outcome = await link.publish(message);
      const { topic } = message;
      if (outcome.kind === 'refused' && !told.has(topic)) {
        if (told.size < TOLD_MAX) told.add(topic);
        const { reasonCode, reason } = outcome;
        log.warn('broker.refused', { topic, reasonCode, reason, remedy: REFUSED_REMEDY });
      }
      return outcome;
    },
  };
}

const REFUSED_REMEDY = 'allow this client to publish there (access list, or AWS IoT policy)';
// Topics of our own are few; the others are answers to whoever asks, each under a name of its choice.
const TOLD_MAX = 100;
