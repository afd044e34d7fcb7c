// What a Greengrass component may publish and subscribe to, as the accessControl of its recipe; it knows no nucleus.
import { asWritten } from './aws-policy.ts';
import { expanded } from './limits.ts';
import type { Loaded } from './load.ts';
import { PUBLISHED } from './own-topics.ts';
import { subscriptions } from './stage-settings.ts';

export const COMPONENT_NAME = 'com.shutterd.Capture';

/** Filled in by the nucleus where its own configuration has `interpolateComponentConfiguration: true`. */
export const THING_NAME = '{iot:thingName}';

export interface AccessStatement {
  readonly policyDescription: string;
  readonly operations: readonly string[];
  readonly resources: readonly string[];
}

export type AccessControl = Readonly<Record<string, Readonly<Record<string, AccessStatement>>>>;

/** Exactly the topics of the daemon; one that has no name of its own has the thing's, so that one recipe serves a fleet. */
export function greengrassAccess(loaded: Pick<Loaded, 'config' | 'origins'>): AccessControl {
  const written = asWritten(loaded);
  const isNamed = (loaded.origins.get('device.id')?.length ?? 0) > 1;
  const config = expanded(isNamed ? written : { ...written, device: { ...written.device, id: THING_NAME } });
  const published = Object.values(PUBLISHED).flatMap((topicsOf) => topicsOf(config));
  return {
    'aws.greengrass.ipc.mqttproxy': {
      [`${COMPONENT_NAME}:mqttproxy:1`]: {
        policyDescription: 'Requests, status and outcomes',
        operations: ['aws.greengrass#PublishToIoTCore'],
        resources: [...new Set(published)].map(literal),
      },
      [`${COMPONENT_NAME}:mqttproxy:2`]: {
        policyDescription: 'Triggers, results and the pause',
        operations: ['aws.greengrass#SubscribeToIoTCore'],
        resources: subscriptions(config).filters.map(literal),
      },
    },
  };
}

/** A resource may hold the wildcards of MQTT, and a star for anything; `${*}` is a star that stands for itself. */
function literal(topic: string): string {
  return topic.replace(/[*?]/g, '${$&}');
}
