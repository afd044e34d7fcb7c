// What is unwise about the files of the way to the broker, in sentences; it opens no connection.
import type { Config } from '../config/schema.ts';
import { brokerSettings } from '../config/stage-settings.ts';
import { tlsWarnings } from '../mqtt/tls-warnings.ts';
import type { Context } from './command.ts';

/** None where the Greengrass nucleus has the connection, and with it the certificates. */
export async function linkWarnings(config: Config, context: Context): Promise<readonly string[]> {
  return config.mqtt.transport === 'greengrass' ? [] : tlsWarnings(brokerSettings(config), context);
}
