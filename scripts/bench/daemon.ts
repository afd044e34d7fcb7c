// The compiled daemon as a process of its own beside a real broker, and the far side that triggers it. It measures nothing.
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';
import { Arrivals } from '../../test/helpers/arrivals.ts';
import { startChild, type Child } from '../../test/helpers/child.ts';
import { unitEnvironment } from '../../test/helpers/unit-environment.ts';
import { createHome } from '../../test/helpers/daemon.ts';
import { startMosquitto } from '../../test/helpers/mosquitto.ts';
import type { Scope } from '../../test/helpers/scope.ts';

export type Settings = Readonly<Record<string, unknown>>;

/** Starts `shutterd run` as it runs on a device: without source maps, which cost memory and time to load. */
export async function startDaemon(
  scope: Scope,
  settings: Settings,
  env: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const home = await createHome(scope, settings, env);
  return startChild(scope, {
    file: process.execPath,
    args: [
      fileURLToPath(new URL('../../src/main.js', import.meta.url)),
      'run',
      '--config',
      home.configFolder,
    ],
    env: { ...home.env, ...unitEnvironment() },
    cwd: home.folder,
  });
}

/** Resolves with the first line of this event. */
export function eventOf(daemon: Child, name: string): Promise<string> {
  return daemon.lines.nth(1, (line) => line.includes(`"event":"${name}"`));
}

export interface CameraInField {
  readonly daemon: Child;
  /** Triggers one picture; resolves when its request has arrived here, by way of the broker. */
  readonly request: () => Promise<void>;
}

/** A daemon that is subscribed, and somebody who sends triggers and receives requests. */
export async function startCamera(scope: Scope, settings: Settings): Promise<CameraInField> {
  const broker = await startMosquitto(scope);
  const client = await connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
  scope.defer(() => client.endAsync(true));
  const arrived = new Arrivals<string>();
  client.on('message', (topic) => {
    arrived.add(topic);
  });
  await client.subscribeAsync('device/image/request', { qos: 0 });
  const daemon = await startDaemon(scope, { 'mqtt.url': broker.url, ...settings });
  await eventOf(daemon, 'broker.connected');
  const request = async (): Promise<void> => {
    const next = arrived.nth(arrived.all.length + 1);
    await Promise.all([client.publishAsync('device/image/trigger', '', { qos: 0 }), next]);
  };
  return { daemon, request };
}
