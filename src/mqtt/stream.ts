// Opens the byte stream under MQTT: TCP, TLS or WebSocket, verified always, never through a proxy nobody named.
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { createWebSocketStream, WebSocket } from 'ws';
import { connected } from './connected.ts';
import { connectThroughProxy } from './proxy.ts';
import { namingHandshake, type Handshake } from './handshake-ended.ts';
import type { Reader } from './secret-file.ts';
import { tlsOptions, type SecureContexts, type TlsOptions } from './tls-options.ts';

export interface BrokerAddress {
  readonly protocol: 'mqtt' | 'mqtts' | 'ws' | 'wss';
  readonly host: string;
  readonly port: number;
  /** Path and query of a WebSocket URL. */
  readonly path: string;
}

export interface Route {
  readonly tls: TlsOptions;
  /** `http://host:port` (CONNECT) or `socks5://host:port`. */
  readonly proxyUrl?: string;
  /** Whose key file it has to be, for the command that a refusal names. */
  readonly reader?: Reader | undefined;
  readonly contexts: SecureContexts;
  /** Told of each socket before it connects: who wants to know how far an attempt came listens to its events. */
  readonly onSocket?: ((socket: Socket, to: 'proxy' | 'broker') => void) | undefined;
}

// `drain` then tells of every packet, however small, that its last byte has left for the system: the acknowledgement's
// deadline, "sent" at QoS 0 and "the broker had it whole" all hang on that.
const BUFFERED_BYTES_MAX = 1;

export function parseBrokerUrl(url: string): BrokerAddress {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const scheme = protocol.slice(0, -1) as BrokerAddress['protocol'];
  const standardPort = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 }[scheme];
  return {
    protocol: scheme,
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? standardPort : Number(port),
    path: `${pathname === '' ? '/' : pathname}${search}`,
  };
}

/** Resolves with a connected stream; rejects with the system, TLS or proxy error. An abort destroys the attempt. */
export async function openStream(
  address: BrokerAddress,
  { tls, proxyUrl, reader, contexts, onSocket = () => undefined }: Route,
  signal: AbortSignal,
): Promise<Duplex> {
  const { host, port, protocol } = address;
  // Files first: a proxy is not troubled for a connection that cannot be made.
  const isSecure = protocol === 'mqtts' || protocol === 'wss';
  const secure = isSecure ? await tlsOptions(host, tls, { reader, contexts }) : undefined;
  const onProxySocket = (socket: Socket): void => {
    onSocket(socket, 'proxy');
  };
  const under = { target: { host, port }, writableHighWaterMark: BUFFERED_BYTES_MAX, onProxySocket };
  const tunnel = proxyUrl === undefined ? undefined : await connectThroughProxy(proxyUrl, under, signal);
  if (protocol === 'ws' || protocol === 'wss')
    return openWebSocket(address, { secure, tunnel, onSocket }, signal);
  if (secure !== undefined) {
    // `host` also beside the tunnel: without it Node verifies the certificate of an address against the name `localhost`.
    const socket = startTls({ ...secure, host, ...(tunnel === undefined ? { port } : { socket: tunnel }) });
    socket.setNoDelay(true);
    onSocket(socket, 'broker');
    const opening = connected(socket, 'secureConnect', { signal, destroy: () => socket.destroy() });
    return namingHandshake(opening, () => 'TLS');
  }
  if (tunnel !== undefined) return tunnel;
  const mark = { writableHighWaterMark: BUFFERED_BYTES_MAX };
  const socket = connectTcp({ host, port, noDelay: true, ...mark });
  onSocket(socket, 'broker');
  return connected(socket, 'connect', { signal, destroy: () => socket.destroy() });
}

/** `highWaterMark` is missing from the type definitions of this version. */
function startTls(options: ConnectionOptions): TLSSocket {
  const withMark = { ...options, highWaterMark: BUFFERED_BYTES_MAX };
  return connectTls(withMark);
}

interface WebSocketParts {
  readonly secure: ConnectionOptions | undefined;
  readonly tunnel: Socket | undefined;
  readonly onSocket: NonNullable<Route['onSocket']>;
}

async function openWebSocket(
  { protocol, host, port, path }: BrokerAddress,
  { secure, tunnel, onSocket }: WebSocketParts,
  signal: AbortSignal,
): Promise<Duplex> {
  const url = `${protocol}://${isIP(host) === 6 ? `[${host}]` : host}:${port}${path}`;
  const connect = (): Socket => {
    // `host` as above.
    const over = tunnel === undefined ? { port } : { socket: tunnel };
    if (secure === undefined) return tunnel ?? connectTcp({ host, port });
    return connectTls({ ...secure, host, ...over });
  };
  let step: Handshake = secure === undefined ? 'WebSocket' : 'TLS';
  // [MQTT-6.0.0-3]: the subprotocol name is "mqtt"; compression would only cost time on JPEG.
  const socket = new WebSocket(url, ['mqtt'], {
    ...secure,
    perMessageDeflate: false,
    createConnection: () => {
      const under = connect();
      if (under !== tunnel) onSocket(under, 'broker');
      under.once('secureConnect', () => {
        step = 'WebSocket';
      });
      return under;
    },
  });
  const stream = createWebSocketStream(socket, { writableHighWaterMark: BUFFERED_BYTES_MAX });
  // It repeats the socket's error, also before anybody listens; unheard it would end the process.
  stream.on('error', () => undefined);
  const destroy = (): void => {
    stream.destroy();
    socket.terminate();
    tunnel?.destroy();
  };
  await namingHandshake(connected(socket, 'open', { signal, destroy }), () => step);
  return stream;
}
