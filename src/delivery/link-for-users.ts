// A link as those see it who publish beside the drain: what the broker refuses them is told once, and silence ends it.
import type { Link } from '../domain.ts';
import { isAborted } from '../support/abort.ts';
import type { Log } from '../support/log.ts';

export function linkForUsers(link: Link, log: Log, signal: AbortSignal): Link {
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
        told.add(topic);
        const { reasonCode, reason } = outcome;
        log.warn('broker.refused', { topic, reasonCode, reason, remedy: REFUSED_REMEDY });
      }
      if (outcome.kind === 'timeout' && !isAborted(signal)) link.abort(silentBroker());
      return outcome;
    },
  };
}

/** For a publish that the broker does not acknowledge in time. */
export function silentBroker(): { fault: 'ackTimeout'; detail: string; remedy: string } {
  return {
    fault: 'ackTimeout',
    detail: 'no PUBACK in time',
    remedy: 'the broker takes messages but does not acknowledge them: see its log',
  };
}

const REFUSED_REMEDY = 'allow this client to publish there (access list, or AWS IoT policy)';
