// Subscribes to topic filters in packets of a bounded size, without those that are withheld; it opens and closes nothing.
import type { LinkProblem } from '../domain.ts';
import type { Answer } from './acknowledgement.ts';
import type { Operation } from './operations.ts';
import { linkProblem } from './problem.ts';
import type { Suspects } from './suspects.ts';

export type SubscribeAnswer =
  { readonly kind: 'granted' } | { readonly kind: 'refused'; readonly reason: string };

export interface Subscriber {
  /** One SUBSCRIBE and its SUBACK. */
  readonly send: (operation: Operation) => Promise<Answer<SubscribeAnswer>>;
  readonly ended: Promise<LinkProblem>;
  readonly ackMs: number;
  readonly suspects: Suspects | undefined;
}

// AWS IoT Core takes 8 topic filters in one SUBSCRIBE; a larger number gains nothing elsewhere.
const FILTERS_PER_SUBSCRIBE = 8;

/** `undefined` when the broker granted them all. */
export async function subscribe(
  subscriber: Subscriber,
  filters: readonly string[],
): Promise<LinkProblem | undefined> {
  const { suspects } = subscriber;
  const allowed = filters.filter((topic) => suspects?.withheld({ kind: 'subscribe', topic }) === undefined);
  const step = suspects?.oneByOne() === true ? 1 : FILTERS_PER_SUBSCRIBE;
  for (let start = 0; start < allowed.length; start += step) {
    const problem = await subscribeSome(subscriber, allowed.slice(start, start + step));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

async function subscribeSome(
  { send, ended, ackMs }: Subscriber,
  topics: readonly string[],
): Promise<LinkProblem | undefined> {
  const names = topics.join(', ');
  const first = await send({ kind: 'subscribe', topics, what: `SUBSCRIBE to ${names}` });
  switch (first.kind) {
    case 'answered':
      return first.value.kind === 'granted' ? undefined : linkProblem('subscribe', first.value.reason);
    case 'timeout':
      return linkProblem('subscribe', `${names}: no SUBACK within ${ackMs} ms`);
    case 'ended': {
      const problem = await ended;
      // AWS IoT Core refuses a topic filter by closing the connection.
      return problem.fault === 'closedByBroker' ? linkProblem('subscribe', problem.detail) : problem;
    }
  }
}
