// What the configuration says in vain where the Greengrass nucleus has the connection: a warning, for a fleet may share its files.
import type { Origin } from './merge.ts';
import type { Config } from './schema.ts';

const OF_THE_CONNECTION: readonly string[] = Object.freeze([
  'mqtt.url',
  'mqtt.clientId',
  'mqtt.protocol',
  'mqtt.username',
  'mqtt.passwordFile',
  'mqtt.tls.caFile',
  'mqtt.tls.certFile',
  'mqtt.tls.keyFile',
  'mqtt.tls.serverName',
  'mqtt.proxyUrl',
  'mqtt.keepaliveSeconds',
  'mqtt.sessionExpirySeconds',
]);

export function greengrassWarnings(
  { mqtt }: Config,
  origins: ReadonlyMap<string, readonly Origin[]>,
): readonly string[] {
  if (mqtt.transport !== 'greengrass') return [];
  const isSet = (key: string): boolean => (origins.get(key)?.length ?? 0) > 1;
  const idle = OF_THE_CONNECTION.filter(isSet);
  return [
    ...(idle.length === 0
      ? []
      : [
          `mqtt.transport is greengrass: ${idle.join(', ')} ${idle.length === 1 ? 'has' : 'have'} no effect, ` +
            'the nucleus has the connection',
        ]),
    ...(mqtt.retain && isSet('mqtt.retain')
      ? ['mqtt.transport is greengrass: the status is not retained, mqtt.retain true has no effect']
      : []),
  ];
}
