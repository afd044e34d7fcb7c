// Tells of a response topic that a fleet shares: results without an id are matched by order there, and that is a guess.
import { basename, dirname } from 'node:path';
import type { Loaded } from './load.ts';

/** Whether several devices run this configuration, nobody knows; a tree made for several says so. */
export function sharedResponseWarnings({
  config,
  files,
}: Pick<Loaded, 'config' | 'files'>): readonly string[] {
  const { response } = config.topics;
  if (!files.some(isOfFleet) || response.split('/').includes(config.device.id)) return [];
  return [
    `topics.response is ${response} for all devices of this fleet: a result without request_id is matched by order, ` +
      'which is a guess there; put {deviceId} into topics.response, or let the classifier send request_id back',
  ];
}

function isOfFleet(file: string): boolean {
  return /^fleet\.[a-z]+$/.test(basename(file)) || ['groups', 'devices'].includes(basename(dirname(file)));
}
