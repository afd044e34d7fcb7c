// Joins the way to the broker with the configuration while it changes; it sends nothing but a goodbye.
import type { Config } from '../config/schema.ts';
import * as settings from '../config/stage-settings.ts';
import type { ConnectionSettings, Delivery } from '../delivery/delivery.ts';
import type { IncomingMessage, OpenLink } from '../domain.ts';
import { createOpenGreengrassLink } from '../greengrass/open-link.ts';
import { createOpenLink } from '../mqtt/open-link.ts';
import { tellWithheld } from '../mqtt/tell-withheld.ts';
import { willPayload } from '../status/status-message.ts';
import type { Status } from '../status/status.ts';
import type { ClockSync } from '../support/clock-sync.ts';
import { withDeadline, type Clock } from '../support/clock.ts';
import type { Log } from '../support/log.ts';
import type { Machine } from '../support/machine.ts';
import type { StageWatch } from '../support/stage-watch.ts';
import type { LiveConfig } from './live-config.ts';
import { watchedOpenLink } from './watched.ts';

export interface LiveLinkDeps {
  readonly live: LiveConfig;
  readonly version: string;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly log: Log;
  readonly sync: ClockSync;
  readonly watch: StageWatch;
  /** The Greengrass nucleus will not have this process any more. */
  readonly onShutOut?: () => void;
}

/** The way that the configuration gives now; what has changed is taken over with it. */
export function takeOverLink(
  deps: LiveLinkDeps,
  users: { readonly status: Status; readonly onMessage: (message: IncomingMessage) => void },
): ConnectionSettings {
  const { live } = deps;
  live.adoptLink();
  users.status.comeBack();
  const config = live.link();
  const open = config.mqtt.transport === 'greengrass' ? throughNucleus : toBroker;
  return {
    ...settings.publishLimits(config),
    policy: config.mqtt.reconnect,
    openLink: watchedOpenLink(open(deps, users.onMessage), deps.watch, config),
  };
}

type OnMessage = (message: IncomingMessage) => void;

function throughNucleus(deps: LiveLinkDeps, onMessage: OnMessage): OpenLink {
  const config = deps.live.link();
  const { filters } = settings.subscriptions(config);
  return createOpenGreengrassLink(
    { ...settings.greengrassSettings(config), filters },
    { ...deps, env: deps.machine.env, onMessage },
  );
}

function toBroker(
  { live, version, clock, log, sync, machine }: LiveLinkDeps,
  onMessage: OnMessage,
): OpenLink {
  const config = live.link();
  const will = {
    topic: config.topics.status,
    payload: willPayload({ version, deviceId: config.device.id }),
    retain: config.mqtt.retain,
  };
  const { filters } = settings.subscriptions(config);
  return createOpenLink(
    { ...settings.brokerSettings(config), will, filters },
    {
      ...{ clock, onMessage, clockSynchronised: () => sync.synchronised() },
      onWithheld: tellWithheld(log, config.topics.trigger),
      reader: machine,
    },
  );
}

// As long as a stop gives it: a broker that answers nothing must not hold up the change.
const GOODBYE_MS_MAX = 2000;

/** Where the status goes to another place, the old one must not go on saying `online`. */
export async function moveLink(
  { live, clock }: LiveLinkDeps,
  { delivery, status }: { readonly delivery: Delivery; readonly status: Status },
): Promise<void> {
  const link = delivery.link();
  if (link !== undefined && placeOfStatus(live.link()) !== placeOfStatus(live.now())) {
    await withDeadline(clock, GOODBYE_MS_MAX, status.sayOffline(link));
  }
  delivery.renew();
}

function placeOfStatus(config: Config): string {
  return `${settings.brokerName(config)} ${config.topics.status}`;
}
