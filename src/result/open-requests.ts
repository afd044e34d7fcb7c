// The requests that wait for a result, and which of them a result answers. It parses nothing and says nothing.
import type { Suspicion } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import { hasNoId, matchRequest, type MatchedRequest, type ReturnedIds } from './returned-ids.ts';

/** What is known of a request beside its id; of one from an earlier run not everything is. */
export interface RequestFacts {
  /** RFC 3339, UTC, milliseconds. */
  readonly capturedAt?: string;
  /** Payload bytes. */
  readonly bytes?: number;
  readonly suspect?: Suspicion;
}

/** A request of ours whose result has come. */
export interface Answered extends MatchedRequest {
  /** Since the request was first sent. */
  readonly latencyMs: number;
  readonly facts: RequestFacts;
}

/**
 * Why a result answers no open request: it has no id and `nothingOpen`, or it has none and is `retained`; its id is `foreign`; or the request was ours
 * and is closed: the result comes `late`, or `again`, or after the request was `displaced` by newer ones.
 */
export type Unmatched = 'nothingOpen' | 'retained' | 'foreign' | ClosedAs;

export type Match =
  | { readonly kind: 'matched'; readonly answered: Answered }
  | { readonly kind: 'unmatched'; readonly why: Unmatched };

export interface OpenRequests {
  /** Sent: a result may come from now on. Again for one that is sent again, unless its result has come. */
  add(requestId: string, facts: RequestFacts): void;
  /** Closes the request that a result answers. */
  take(ids: ReturnedIds): Match;
  clear(): void;
}

export interface OpenRequestsDeps {
  readonly clock: Clock;
  /** Read for each request. */
  readonly settings: { readonly timeoutSeconds: number };
  /** Once a request: no result came in time, or more than `OPEN_MAX` newer requests wait. */
  readonly onOverdue: (requestId: string, why: 'late' | 'displaced') => void;
}

// Requests that wait for a result at the same time: 30 s at the 2 a second of a drain is 60.
export const OPEN_MAX = 1000;

type ClosedAs = 'late' | 'again' | 'displaced';

export function createOpenRequests({ clock, settings, onOverdue }: OpenRequestsDeps): OpenRequests {
  const open = new Map<string, Waiting>();
  const closed = new Map<string, Closed>(); // the last ones, to tell a late result from a foreign one

  const close = (requestId: string, as: ClosedAs): Waiting | undefined => {
    const found = open.get(requestId);
    found?.cancel();
    open.delete(requestId);
    if (found !== undefined) closed.set(requestId, { as, sentMs: found.sentMs });
    const [oldest] = closed.keys();
    if (oldest !== undefined && closed.size > OPEN_MAX) closed.delete(oldest);
    return found;
  };
  const giveUp = (requestId: string, why: 'late' | 'displaced'): void => {
    if (close(requestId, why)?.told === false) onOverdue(requestId, why);
  };

  return {
    add(requestId, facts) {
      const before = closed.get(requestId);
      if (before?.as === 'again') return; // its result outran the acknowledgement
      const again = open.get(requestId);
      again?.cancel();
      open.delete(requestId); // so that it moves to the young end
      closed.delete(requestId);
      const [oldest] = open.keys();
      if (oldest !== undefined && open.size >= OPEN_MAX) giveUp(oldest, 'displaced');
      const cancel = clock.timer(settings.timeoutSeconds * 1000, () => {
        giveUp(requestId, 'late');
      });
      const sentMs = again?.sentMs ?? before?.sentMs ?? clock.monotonicMs();
      open.set(requestId, { sentMs, facts, cancel, told: again?.told ?? before !== undefined });
    },
    take(ids) {
      const match = matchRequest(ids, open);
      const found = match === undefined ? undefined : close(match.requestId, 'again');
      if (match === undefined || found === undefined)
        return { kind: 'unmatched', why: whyUnmatched(ids, closed) };
      const latencyMs = Math.round(clock.monotonicMs() - found.sentMs);
      return { kind: 'matched', answered: { ...match, latencyMs, facts: found.facts } };
    },
    clear() {
      for (const { cancel } of open.values()) cancel();
      open.clear();
    },
  };
}

interface Waiting {
  readonly sentMs: number;
  readonly facts: RequestFacts;
  readonly cancel: () => void;
  /** It was given up once and is sent again: that it is overdue has been said. */
  readonly told: boolean;
}

interface Closed {
  readonly as: ClosedAs;
  readonly sentMs: number;
}

function whyUnmatched(ids: ReturnedIds, closed: ReadonlyMap<string, Closed>): Unmatched {
  if (hasNoId(ids)) return ids.retained ? 'retained' : 'nothingOpen';
  const ours = closed.get(ids.requestId ?? '') ?? closed.get(ids.correlationData ?? '');
  return ours?.as ?? 'foreign';
}
