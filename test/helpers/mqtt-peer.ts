// The far side of a test, independent of our own wire: the programs mosquitto_sub and mosquitto_pub.
import { Arrivals } from './arrivals.ts';
import { runChild, startChild } from './child.ts';
import type { Scope } from './scope.ts';

export interface PeerMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retained: boolean;
  readonly qos: number;
  /** Of MQTT 5; empty where absent. */
  readonly contentType: string;
  readonly correlationData: string;
  readonly responseTopic: string;
  /** 0 where absent. */
  readonly expirySeconds: number;
}

export interface Subscriber {
  readonly messages: Arrivals<PeerMessage>;
  on(topic: string): readonly PeerMessage[];
  /** The n-th message on a topic, from 1. */
  nth(topic: string, n?: number): Promise<PeerMessage>;
  close(): Promise<void>;
}

type PeerProtocol = 4 | 5;
const VERSION_FLAG: Record<PeerProtocol, string> = { 4: '311', 5: '5' };
const FIELDS = ['%t', '%r', '%q', '%C', '%D', '%R', '%E', '%x'];

/** Resolves after SUBACK. */
export async function subscribe(
  scope: Scope,
  port: number,
  options: { topics: readonly string[]; qos?: 0 | 1 | 2; protocol?: PeerProtocol; args?: readonly string[] },
): Promise<Subscriber> {
  const { topics, qos = 1, protocol = 5, args = [] } = options;
  const messages = new Arrivals<PeerMessage>();
  const child = startChild(scope, {
    file: 'stdbuf', // or its lines would wait for a full buffer
    args: [
      ...['-oL', 'mosquitto_sub'],
      ...['-h', '127.0.0.1', '-p', String(port), '-V', VERSION_FLAG[protocol], '-q', String(qos)],
      ...['-d', '-F', `message\t${FIELDS.join('\t')}`, ...topics.flatMap((topic) => ['-t', topic]), ...args],
    ],
  });
  child.lines.onAdded = (line) => {
    if (line.startsWith('message\t')) messages.add(parseMessage(line));
  };
  await child.lines.nth(1, (line) => line.startsWith('Subscribed '));
  return {
    messages,
    on: (topic) => messages.all.filter((message) => message.topic === topic),
    nth: (topic, n = 1) => messages.nth(n, (message) => message.topic === topic),
    async close() {
      child.signal('SIGTERM');
      await child.ended;
    },
  };
}

export interface Publication {
  readonly topic: string;
  /** Default: none, as `mosquitto_pub -n` sends. */
  readonly payload?: string | Uint8Array;
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  readonly protocol?: PeerProtocol;
  readonly responseTopic?: string;
  readonly correlationData?: string;
}

/** Resolves after the broker's acknowledgement. */
export async function publish(scope: Scope, port: number, publication: Publication): Promise<void> {
  const { topic, qos = 1, retain, protocol = 5, responseTopic, correlationData } = publication;
  const payload = publication.payload?.length === 0 ? undefined : publication.payload;
  const property = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : ['-D', 'publish', name, value];
  const ran = await runChild(scope, {
    file: 'mosquitto_pub',
    args: [
      ...['-h', '127.0.0.1', '-p', String(port), '-V', VERSION_FLAG[protocol], '-q', String(qos)],
      ...['-t', topic, ...(payload === undefined ? ['-n'] : ['-s']), ...(retain === true ? ['-r'] : [])],
      ...property('response-topic', responseTopic),
      ...property('correlation-data', correlationData),
    ],
    ...(payload === undefined ? {} : { input: Buffer.from(payload) }),
  });
  if (ran.code !== 0) throw new Error(`Cannot publish on ${topic}: ${ran.err}`);
}

function parseMessage(line: string): PeerMessage {
  const [
    ,
    topic = '',
    retained,
    qos,
    contentType = '',
    correlationData = '',
    responseTopic = '',
    expiry,
    hex = '',
  ] = line.split('\t');
  return {
    topic,
    retained: retained === '1',
    qos: Number(qos),
    ...{ contentType, correlationData, responseTopic, expirySeconds: Number(expiry) },
    payload: Buffer.from(hex, 'hex'),
  };
}
