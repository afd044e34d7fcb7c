// What a keeper of the configuration needs, gives, and is to the daemon; types only.
import type { Clock } from '../../support/clock.ts';
import type { Config } from '../schema.ts';
import type { ConfigNow } from './config-now.ts';
import type { StateKeeping } from './keep-state.ts';
import type { ChangeDeps } from './read-change.ts';
import type { WatchTimes } from './watch-tree.ts';

export interface KeeperDeps extends ChangeDeps, StateKeeping {
  readonly clock: Clock;
  readonly times: WatchTimes;
}

/** What the keeper needs of the daemon that it configures. */
export interface Configured {
  /** Makes the daemon follow; returns at once. */
  readonly apply: (config: Config) => void;
  readonly online: () => boolean;
  /** What the status tells of the configuration has changed. */
  readonly stateChanged: () => void;
  /** The files that somebody asked to be read have been read, whatever came of it. */
  readonly askedDone?: () => void;
}

export interface Keeper {
  /** As the daemon follows it. */
  config(): Config;
  now(): ConfigNow;
  /** Reads the files as soon as nobody is writing them. */
  readNow(): void;
  /** A link is up, with its subscriptions, that was opened with this configuration. */
  reached(config: Config): void;
  /** Until the signal aborts. */
  run(daemon: Configured, signal: AbortSignal): Promise<void>;
}
