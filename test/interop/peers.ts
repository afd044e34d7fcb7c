// The far sides of these tests: the Python programs beside this file, or the same steps here where no Python is asked for.
import { join } from 'node:path';
import { connect, type MqttClient } from 'mqtt';
import sharp from 'sharp';
import { Arrivals } from '../helpers/arrivals.ts';
import { startChild } from '../helpers/child.ts';
import type { Scope } from '../helpers/scope.ts';
import { repositoryRoot } from '../house/repository-root.ts';

/** What a far side made of one message. */
export interface Seen {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** Of the responder: the payload is what json.dumps makes of the picture alone. */
  readonly plain?: boolean;
}

export interface Peer {
  readonly subscriber: (port: number, topic: string) => Promise<Arrivals<Seen>>;
  readonly responder: (
    port: number,
    topics: { readonly request: string; readonly response: string },
  ) => Promise<Arrivals<Seen>>;
}

/** paho-mqtt and OpenCV of Debian; only its own interpreter finds them. */
export function pythonPeer(scope: Scope): Peer {
  const start = async (script: string, args: readonly string[]): Promise<Arrivals<Seen>> => {
    const file = '/usr/bin/python3';
    const path = join(repositoryRoot(), 'test', 'interop', script);
    const child = startChild(scope, { file, args: [path, ...args] });
    const seen = new Arrivals<Seen>();
    const ready = child.lines.nth(1, (line) => line === 'subscribed');
    const failed = child.ended.then(({ code }) => {
      throw new Error(`${script} ended with ${code}: ${child.errors.all.join('\n')}`);
    });
    await Promise.race([ready, failed]);
    failed.catch(() => undefined); // from now on its end is the test's own doing
    child.lines.onAdded = (line) => {
      if (line.startsWith('{')) seen.add(JSON.parse(line) as Seen);
    };
    return seen;
  };
  return {
    subscriber: (port, topic) => start('subscriber.py', [String(port), topic]),
    responder: (port, { request, response }) => start('responder.py', [String(port), request, response]),
  };
}

export function nodePeer(scope: Scope): Peer {
  const start = async (
    port: number,
    topic: string,
    see: (payload: Buffer, client: MqttClient) => Promise<Seen>,
  ): Promise<Arrivals<Seen>> => {
    const seen = new Arrivals<Seen>();
    const client = connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, reconnectPeriod: 0 });
    scope.defer(() => client.endAsync(true));
    client.on('message', (_topic, payload) => {
      void see(payload, client).then((what) => seen.add(what));
    });
    await client.subscribeAsync(topic, { qos: 1 });
    return seen;
  };
  const sizeOf = async (base64: string): Promise<{ width: number; height: number }> => {
    const { info } = await sharp(Buffer.from(base64, 'base64')).raw().toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height };
  };
  return {
    subscriber: (port, topic) =>
      start(port, topic, async (payload) => {
        const [metadata, picture] = JSON.parse(payload.toString()) as [{ frame_id: string }, string];
        return { id: metadata.frame_id, ...(await sizeOf(picture)) };
      }),
    responder: (port, { request, response }) =>
      start(port, request, async (payload, client) => {
        const said = JSON.parse(payload.toString()) as { image_data: string; request_id?: string };
        const size = await sizeOf(said.image_data);
        await client.publishAsync(response, '{"label": "dark", "confidence": 0.75}', { qos: 1 });
        const plain = `{"image_data": "${said.image_data}"}` === payload.toString();
        return { id: said.request_id ?? '', ...size, plain };
      }),
  };
}
