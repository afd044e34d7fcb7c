// Joins the connection and those who use it: while a link is up the drain and the others run on it. It stores nothing.
import type { Link } from '../domain.ts';
import { isAborted } from '../support/abort.ts';
import { keepConnected, type ConnectionDeps } from './connection.ts';
import { createDrain, type DrainDeps } from './drain.ts';
import { linkForUsers } from './link-for-users.ts';
import { pacedLink } from './paced-link.ts';
import type { RateLimits } from './rate-window.ts';
import { createWayMemory, type Way } from './way.ts';

/** Uses a link until the signal aborts. */
export type LinkUser = (link: Link, signal: AbortSignal) => Promise<void>;

/** The way to the broker. */
export interface ConnectionSettings extends Pick<ConnectionDeps, 'openLink' | 'policy'> {
  /** Of all publishes of a connection together; absent = as fast as the link. */
  readonly rateLimits?: RateLimits;
}

export interface DeliveryDeps
  extends DrainDeps, Omit<ConnectionDeps, 'onOnline' | 'onOffline' | 'onProblem' | 'openLink' | 'policy'> {
  /** Asked before the first connection, and after each `renew` when the link is closed. */
  readonly connection: () => ConnectionSettings;
  readonly users: readonly LinkUser[];
  /** `way` says something new. */
  readonly onWay?: () => void;
}

export interface Delivery {
  /** A new entry may be in the outbox. */
  wake(): void;
  link(): Link | undefined;
  way(): Way;
  /** Closes the link politely and connects anew, at once, with what `connection` gives then. */
  renew(): void;
  /** Resolves after the signal aborted, the last link is closed and everybody who used it is at rest. */
  run(signal: AbortSignal): Promise<void>;
}

export function createDelivery(deps: DeliveryDeps): Delivery {
  const drain = createDrain(deps);
  let current: Link | undefined;
  let atWork: Promise<unknown> = Promise.resolve();
  let round = new AbortController();
  const way = createWayMemory(deps.clock, deps.onWay);
  return {
    wake: () => {
      drain.wake();
    },
    link: () => current,
    way: () => way.now(),
    renew: () => {
      round.abort();
    },
    async run(signal) {
      const { clock, log } = deps;
      let limits: RateLimits | undefined;
      const onOnline = (opened: Link, ended: AbortSignal): void => {
        const link = limits === undefined ? opened : pacedLink(opened, { limits, clock, ended });
        current = link;
        way.online();
        const shared = linkForUsers(link, log);
        atWork = Promise.all([
          atWork,
          drain.run(link, ended),
          ...deps.users.map((use) => use(shared, ended)),
        ]);
      };
      const onOffline = (): void => {
        current = undefined;
        way.offline();
      };
      while (!isAborted(signal)) {
        round = new AbortController();
        const { rateLimits, ...connection } = deps.connection();
        limits = rateLimits;
        await keepConnected(
          { ...deps, ...connection, onOnline, onOffline, onProblem: way.failed },
          AbortSignal.any([signal, round.signal]),
        );
      }
      await atWork;
    },
  };
}
