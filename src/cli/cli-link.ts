// One connection to the broker for one command, under an id of its own; it neither retries nor speaks for the daemon.
import type { Config } from '../config/schema.ts';
import { brokerSettings } from '../config/stage-settings.ts';
import type { IncomingMessage, Link } from '../domain.ts';
import { createOpenLink } from '../mqtt/open-link.ts';
import { OperatingError } from '../support/errors.ts';
import type { Context } from './command.ts';

export interface Listening {
  readonly filters: readonly string[];
  readonly onMessage: (message: IncomingMessage) => void;
}

/** Rejects with an OperatingError that names cause and remedy. */
export async function openCliLink(context: Context, config: Config, listening: Listening): Promise<Link> {
  // No will message and no session: a command must not push the daemon off its broker or leave anything behind.
  const clientId = `${config.mqtt.clientId}-cli-${context.random.uuid().slice(0, 6)}`;
  const settings = {
    ...brokerSettings(config),
    clientId,
    sessionExpirySeconds: 0,
    filters: listening.filters,
  };
  const { clock, machine } = context;
  const open = createOpenLink(settings, { clock, onMessage: listening.onMessage, reader: machine });
  const first = await open(context.stop);
  // With protocol auto a broker that refuses MQTT 5 takes the second attempt.
  const again = first.kind === 'failed' && first.problem.fault === 'protocolVersion';
  const opened = again ? await open(context.stop) : first;
  if (opened.kind === 'open') return opened.link;
  const { fault, detail, remedy } = opened.problem;
  throw new OperatingError(`Cannot reach broker ${config.mqtt.url}: ${detail}\n${remedy}`, { code: fault });
}
