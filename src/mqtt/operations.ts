// Remembers what the broker has in hand: a broker that closes without a word mostly refuses just that. It ends nothing.
import type { Clock } from '../support/clock.ts';

/** What a policy of the broker may allow or not: a PUBLISH on a topic, or SUBSCRIBE to topic filters. */
export interface Operation {
  readonly kind: 'publish' | 'subscribe';
  /** One topic, or as many filters as one SUBSCRIBE has. */
  readonly topics: readonly string[];
  /** For people. */
  readonly what: string;
}

export interface Operations {
  /** Call the returned function at the operation's end; `unanswered` for QoS 0, which no broker acknowledges. */
  begin(operation: Operation): (end: 'answered' | 'unanswered') => void;
  /** What a close that comes now may be the answer to. */
  inHand(): string | undefined;
  /** The one of these that a broker which takes them in order came to first. */
  suspect(): Operation | undefined;
}

// A broker that refuses an operation by closing does so at once; AWS IoT Core needs well below a second.
const ANSWER_MS_MAX = 1000;
const NAMED_MAX = 3;

export function createOperations(clock: Clock): Operations {
  const open = new Set<{ readonly operation: Operation }>();
  let unanswered: { readonly operation: Operation; readonly atMs: number } | undefined;
  const candidates = (): readonly Operation[] => {
    if (open.size > 0) return [...open].map(({ operation }) => operation);
    const recent = unanswered !== undefined && clock.monotonicMs() - unanswered.atMs <= ANSWER_MS_MAX;
    return recent && unanswered !== undefined ? [unanswered.operation] : [];
  };
  return {
    begin(operation) {
      const begun = { operation };
      open.add(begun);
      return (end) => {
        open.delete(begun);
        if (end === 'unanswered') unanswered = { operation, atMs: clock.monotonicMs() };
      };
    },
    inHand() {
      const names = candidates().slice(0, NAMED_MAX);
      return names.length === 0 ? undefined : names.map(({ what }) => what).join(' and ');
    },
    suspect: () => candidates()[0],
  };
}
