// The nucleus' side of the IPC: handshake, publishes that are on disk before their answer, subscriptions that stream.
import { createHash } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Journal } from '../../oracle/journal.ts';
import { matches } from '../../oracle/topics.ts';
import { WELL, type NucleusModes } from './modes.ts';
import {
  CONNECTION_ACCEPTED,
  encodeMessage,
  messagesFrom,
  TERMINATE_STREAM,
  TYPE,
  type RpcMessage,
} from './rpc.ts';

export interface NucleusParts {
  readonly authToken: string;
  readonly requestTopic: string;
  readonly journal: Journal;
  /** Everything that was published, requests as well. */
  readonly onPublished: (message: Published) => void;
}

export interface Published {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: string;
  /** What else the request held. */
  readonly fields: readonly string[];
}

export class FakeNucleus {
  modes: NucleusModes = WELL;
  readonly #parts: NucleusParts;
  readonly #peers = new Set<Peer>();
  readonly #server: Server;
  #requests = 0;
  #connections = 0;

  constructor(parts: NucleusParts) {
    this.#parts = parts;
    this.#server = createServer((socket) => {
      void this.#serve(socket);
    });
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject).listen(path, resolve);
    });
  }

  setModes(changes: Partial<NucleusModes>): void {
    this.modes = { ...WELL, ...changes };
    this.#requests = 0;
  }

  /** To everybody who subscribed to it; how many that are. */
  deliver(topic: string, payload: Uint8Array, retain = false): number {
    const message = { topicName: topic, payload: Buffer.from(payload).toString('base64'), retain };
    const streams = [...this.#peers].flatMap((peer) =>
      peer.streamsFor(topic).map((stream) => ({ peer, stream })),
    );
    for (const { peer, stream } of streams) peer.event(stream, { message });
    return streams.length;
  }

  endSubscriptions(): void {
    for (const peer of this.#peers) peer.endSubscriptions();
  }

  cut(): void {
    for (const peer of this.#peers) peer.destroy();
  }

  close(): Promise<void> {
    this.cut();
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }

  async #serve(socket: Socket): Promise<void> {
    this.#connections += 1;
    const peer = new Peer(socket, this.#connections);
    this.#peers.add(peer);
    socket.on('error', () => undefined);
    try {
      for await (const message of messagesFrom(socket)) {
        if (message.stream === 0) this.#connect(peer, message);
        else await this.#stream(peer, message);
      }
    } catch (error) {
      if (!socket.destroyed) throw error; // what is no event stream
    } finally {
      this.#peers.delete(peer);
      socket.destroy();
    }
  }

  #connect(peer: Peer, { type, headers, body }: RpcMessage): void {
    if (type === TYPE.ping) peer.send({ type: TYPE.pingResponse, stream: 0 });
    if (type !== TYPE.connect || this.modes.handshake === 'silent') return;
    const token = fieldsOf(body)['authToken'];
    const lets =
      this.modes.handshake === 'accept' && headers[':version'] === '0.1.0' && token === this.#parts.authToken;
    peer.send({ type: TYPE.connectAck, flags: lets ? CONNECTION_ACCEPTED : 0, stream: 0 });
    if (!lets) peer.end();
  }

  async #stream(peer: Peer, message: RpcMessage): Promise<void> {
    const { operation } = message.headers;
    if (operation === undefined) {
      if ((message.flags & TERMINATE_STREAM) !== 0) peer.forget(message.stream);
      return;
    }
    if (operation === 'aws.greengrass#PublishToIoTCore') await this.#publish(peer, message);
    else if (operation === 'aws.greengrass#SubscribeToIoTCore') this.#subscribe(peer, message);
    else throw new Error(`the fake nucleus has no operation ${operation}`);
  }

  async #publish(peer: Peer, { stream, body }: RpcMessage): Promise<void> {
    const { topicName, payload, qos, ...rest } = fieldsOf(body);
    const topic = String(topicName);
    if (this.#denies('aws.greengrass#PublishToIoTCore', topic)) {
      peer.error(stream, 'UnauthorizedError', 'Not Authorized');
      return;
    }
    if (typeof payload !== 'string') throw new Error('the nucleus takes no publish without a payload');
    const bytes = Buffer.from(payload, 'base64');
    const published = { topic, payload: bytes, qos: String(qos), fields: Object.keys(rest) };
    if (topic !== this.#parts.requestTopic) {
      this.#parts.onPublished(published);
      peer.answer(stream, 'PublishToIoTCoreResponse', TERMINATE_STREAM);
    } else await this.#request(peer, stream, published);
  }

  #denies(operation: string, topic: string): boolean {
    const { denied, allowed } = this.modes;
    const says = Object.keys(allowed).length > 0;
    return denied.includes(topic) || (says && !(allowed[operation] ?? []).includes(topic));
  }

  async #request(peer: Peer, stream: number, published: Published): Promise<void> {
    const { modes } = this;
    const requestId = requestIdOf(published.payload);
    this.#requests += 1;
    const nth = this.#requests;
    const isRefused = modes.publishError !== '' && ['', requestId].includes(modes.publishErrorFor);
    if (isRefused)
      peer.error(stream, 'ServiceError', `Publish to topic ${published.topic} failed: ${modes.publishError}`);
    else if (modes.publish === 'internalError') peer.internalError(stream);
    else if (modes.publish === 'invalidArguments') peer.error(stream, 'InvalidArgumentsError', 'No QoS');
    else {
      this.#write(peer, requestId, published);
      if (modes.answerDelayMs > 0) await setTimeout(modes.answerDelayMs);
      if (modes.publish === 'closing' || nth === modes.closeBeforeAnswerOf) peer.destroy();
      else if (modes.publish === 'accept') peer.answer(stream, 'PublishToIoTCoreResponse', TERMINATE_STREAM);
    }
  }

  /** Returns when it is on disk. */
  #write(peer: Peer, requestId: string | null, published: Published): void {
    const { payload, qos } = published;
    this.#parts.journal.write({
      ...{ kind: 'request', requestId, sha256: createHash('sha256').update(payload).digest('hex') },
      ...{ bytes: payload.length, time: new Date().toISOString(), connection: peer.connection },
      ...{ qos: Number(qos), dup: false, packetId: null },
    });
    this.#parts.onPublished(published);
  }

  #subscribe(peer: Peer, { stream, body }: RpcMessage): void {
    const filter = String(fieldsOf(body)['topicName']);
    const { subscribe, subscribeError } = this.modes;
    if (this.#denies('aws.greengrass#SubscribeToIoTCore', filter))
      peer.error(stream, 'UnauthorizedError', 'Not Authorized');
    else if (subscribeError !== '')
      peer.error(stream, 'ServiceError', `Subscribe to topic ${filter} failed with error ${subscribeError}`);
    else if (subscribe === 'accept') peer.subscribed(stream, filter);
  }
}

/** One component that is connected. */
class Peer {
  readonly connection: number;
  readonly #socket: Socket;
  readonly #filters = new Map<number, string>();

  constructor(socket: Socket, connection: number) {
    this.#socket = socket;
    this.connection = connection;
  }

  send(message: Pick<RpcMessage, 'type' | 'stream'> & Partial<RpcMessage>): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(encodeMessage({ flags: 0, headers: {}, body: new Uint8Array(), ...message }));
  }

  answer(stream: number, shape: string, flags = 0): void {
    this.#modelled(stream, { shape, flags, type: TYPE.applicationMessage }, {});
  }

  event(stream: number, body: object): void {
    this.#modelled(stream, { shape: 'IoTCoreMessage', flags: 0, type: TYPE.applicationMessage }, body);
  }

  error(stream: number, shape: string, message: string): void {
    const body = {
      _service: 'aws.greengrass#GreengrassCoreIPC',
      _message: message,
      _errorCode: shape,
      message,
    };
    this.#modelled(stream, { shape, flags: TERMINATE_STREAM, type: TYPE.applicationError }, body);
  }

  /** What an exception in the nucleus becomes. */
  internalError(stream: number): void {
    const headers = { ':content-type': 'text/plain' };
    const body = Buffer.from('InternalServerError');
    this.send({ type: TYPE.applicationError, flags: TERMINATE_STREAM, stream, headers, body });
  }

  subscribed(stream: number, filter: string): void {
    this.#filters.set(stream, filter);
    this.answer(stream, 'SubscribeToIoTCoreResponse');
  }

  streamsFor(topic: string): readonly number[] {
    return [...this.#filters].filter(([, filter]) => matches(filter, topic)).map(([stream]) => stream);
  }

  forget(stream: number): void {
    this.#filters.delete(stream);
  }

  endSubscriptions(): void {
    for (const stream of this.#filters.keys())
      this.send({ type: TYPE.applicationMessage, flags: TERMINATE_STREAM, stream });
    this.#filters.clear();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #modelled(
    stream: number,
    { shape, flags, type }: { shape: string; flags: number; type: number },
    body: object,
  ): void {
    const headers = { ':content-type': 'application/json', 'service-model-type': `aws.greengrass#${shape}` };
    this.send({ type, flags, stream, headers, body: Buffer.from(JSON.stringify(body)) });
  }
}

function fieldsOf(body: Uint8Array): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(body).toString('utf8')) as Record<string, unknown>;
}

function requestIdOf(payload: Buffer): string | null {
  try {
    const { request_id: id } = JSON.parse(payload.toString('utf8')) as { request_id?: unknown };
    return typeof id === 'string' ? id : null;
  } catch {
    return null;
  }
}
