// One connection to the broker for one command, under an id of its own; it neither retries nor speaks for the daemon.
import type { Config } from '../config/schema.ts';
import { brokerName, brokerSettings, greengrassSettings } from '../config/stage-settings.ts';
import type { IncomingMessage, Link, OpenLink } from '../domain.ts';
import { createOpenGreengrassLink } from '../greengrass/open-link.ts';
import { createOpenLink } from '../mqtt/open-link.ts';
import { OperatingError } from '../support/errors.ts';
import type { Context } from './command.ts';

export interface Listening {
  readonly filters: readonly string[];
  readonly onMessage: (message: IncomingMessage) => void;
}

/** Rejects with an OperatingError that names cause and remedy. */
export async function openCliLink(context: Context, config: Config, listening: Listening): Promise<Link> {
  const open = opener(context, config, listening);
  const first = await open(context.stop);
  // With protocol auto a broker that refuses MQTT 5 takes the second attempt.
  const again = first.kind === 'failed' && first.problem.fault === 'protocolVersion';
  const opened = again ? await open(context.stop) : first;
  if (opened.kind === 'open') return opened.link;
  const { fault, detail, remedy } = opened.problem;
  throw new OperatingError(`Cannot reach broker ${brokerName(config)}: ${detail}\n${remedy}`, {
    code: fault,
  });
}

function opener({ clock, machine, random }: Context, config: Config, listening: Listening): OpenLink {
  const { filters, onMessage } = listening;
  if (config.mqtt.transport === 'greengrass') {
    const settings = { ...greengrassSettings(config), filters };
    return createOpenGreengrassLink(settings, { clock, env: machine.env, onMessage });
  }
  // No will message and no session: a command must not push the daemon off its broker or leave anything behind.
  const clientId = `${config.mqtt.clientId}-cli-${random.uuid().slice(0, 6)}`;
  const settings = { ...brokerSettings(config), clientId, sessionExpirySeconds: 0, filters };
  return createOpenLink(settings, { clock, onMessage, reader: machine });
}
