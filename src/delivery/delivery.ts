// Joins the connection and those who use it: while a link is up the drain and the others run on it. It stores nothing.
import type { Link } from '../domain.ts';
import { keepConnected, type ConnectionDeps } from './connection.ts';
import { createDrain, type DrainDeps } from './drain.ts';
import { linkForUsers } from './link-for-users.ts';
import { pacedLink } from './paced-link.ts';
import type { RateLimits } from './rate-window.ts';

/** Uses a link until the signal aborts. */
export type LinkUser = (link: Link, signal: AbortSignal) => Promise<void>;

export interface DeliveryDeps extends DrainDeps, Omit<ConnectionDeps, 'onOnline' | 'onOffline'> {
  readonly users: readonly LinkUser[];
  /** Of all publishes of a connection together; absent = as fast as the link. */
  readonly rateLimits?: RateLimits;
}

export interface Delivery {
  /** A new entry may be in the outbox. */
  wake(): void;
  link(): Link | undefined;
  /** Resolves after the signal aborted, the last link is closed and everybody who used it is at rest. */
  run(signal: AbortSignal): Promise<void>;
}

export function createDelivery(deps: DeliveryDeps): Delivery {
  const drain = createDrain(deps);
  let current: Link | undefined;
  let atWork: Promise<unknown> = Promise.resolve();
  return {
    wake: () => {
      drain.wake();
    },
    link: () => current,
    async run(signal) {
      const { clock, log, rateLimits: limits } = deps;
      const onOnline = (opened: Link, ended: AbortSignal): void => {
        const link = limits === undefined ? opened : pacedLink(opened, { limits, clock, ended });
        current = link;
        const shared = linkForUsers(link, log);
        atWork = Promise.all([
          atWork,
          drain.run(link, ended),
          ...deps.users.map((use) => use(shared, ended)),
        ]);
      };
      const onOffline = (): void => {
        current = undefined;
      };
      await keepConnected({ ...deps, onOnline, onOffline }, signal);
      await atWork;
    },
  };
}
