// Says in the log which operations are no longer tried, and what the policy of this device lacks; it decides nothing.
import type { Log } from '../support/log.ts';
import type { Withheld } from './suspects.ts';

/** One line for each operation that is newly withheld, at `error` where triggers no longer arrive. */
export function tellWithheld(
  log: Log,
  triggerFilters: readonly string[],
): (withheld: readonly Withheld[]) => void {
  let told: readonly Withheld[] = [];
  return (withheld) => {
    const fresh = withheld.filter((one) => !told.some((old) => isSame(one, old)));
    told = withheld;
    for (const { kind, topic, statement } of fresh) {
      const deaf = kind === 'subscribe' && triggerFilters.includes(topic);
      log[deaf ? 'error' : 'warn']('broker.refused', {
        operation: `${kind === 'publish' ? 'PUBLISH on' : 'SUBSCRIBE to'} ${topic}`,
        detail: `the broker closed the connection right after it, time and again; it is left out for an hour${
          deaf ? ', so triggers on it are not heard' : ''
        }`,
        remedy: `the AWS IoT policy of this device must allow ${statement}`,
      });
    }
  };
}

function isSame(one: Withheld, other: Withheld): boolean {
  return one.kind === other.kind && one.topic === other.topic;
}
