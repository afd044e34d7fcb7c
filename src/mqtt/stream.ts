// Opens the byte stream under MQTT: TCP, TLS or WebSocket, verified always, never through a proxy nobody named.
import { connect as connectTcp, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { createWebSocketStream, WebSocket } from 'ws';
import { orAborted } from '../support/abort.ts';
import { OperatingError } from '../support/errors.ts';
import { readBoundedFile } from '../support/files.ts';

export interface BrokerAddress {
  readonly protocol: 'mqtt' | 'mqtts' | 'ws' | 'wss';
  readonly host: string;
  readonly port: number;
  /** Path and query of a WebSocket URL. */
  readonly path: string;
}

export interface TlsOptions {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  /** Name to send (SNI) and to expect in the certificate; default: the host. */
  readonly serverName?: string;
  /** ALPN protocol names, such as AWS IoT Core's on port 443. */
  readonly alpn?: readonly string[];
}

const PEM_BYTES_MAX = 1024 * 1024;

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

/** Resolves with a connected stream; rejects with the system or TLS error. An abort destroys the attempt. */
export async function openStream(
  address: BrokerAddress,
  tls: TlsOptions,
  signal: AbortSignal,
): Promise<Duplex> {
  switch (address.protocol) {
    case 'mqtt': {
      const socket = connectTcp({ host: address.host, port: address.port, noDelay: true });
      return connected(socket, 'connect', { signal, destroy: () => socket.destroy() });
    }
    case 'mqtts': {
      const options = await readTlsFiles(address.host, tls);
      const socket = connectTls({ ...options, host: address.host, port: address.port });
      socket.setNoDelay(true);
      return connected(socket, 'secureConnect', { signal, destroy: () => socket.destroy() });
    }
    case 'ws':
    case 'wss': {
      const options = address.protocol === 'wss' ? await readTlsFiles(address.host, tls) : {};
      const host = isIP(address.host) === 6 ? `[${address.host}]` : address.host;
      const url = `${address.protocol}://${host}:${address.port}${address.path}`;
      // [MQTT-6.0.0-3]: the subprotocol name is "mqtt"; compression would only cost time on JPEG.
      const socket = new WebSocket(url, ['mqtt'], { ...options, perMessageDeflate: false });
      const stream = createWebSocketStream(socket);
      // It repeats the socket's error, also before anybody listens; unheard it would end the process.
      stream.on('error', () => undefined);
      const destroy = (): void => {
        stream.destroy();
        socket.terminate();
      };
      await connected(socket, 'open', { signal, destroy });
      return stream;
    }
  }
}

/** Read afresh for every connection, so that a renewed certificate needs no restart. */
async function readTlsFiles(host: string, tls: TlsOptions): Promise<ConnectionOptions> {
  const serverName = tls.serverName ?? (isIP(host) === 0 ? host : undefined);
  return {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(tls.alpn === undefined ? {} : { ALPNProtocols: [...tls.alpn] }),
    ...(tls.caFile === undefined ? {} : { ca: await readPem('certificate authority', tls.caFile) }),
    ...(tls.certFile === undefined ? {} : { cert: await readPem('client certificate', tls.certFile) }),
    ...(tls.keyFile === undefined ? {} : { key: await readPem('private key', tls.keyFile) }),
  };
}

async function readPem(what: string, path: string): Promise<Buffer> {
  const file = await readBoundedFile(path, PEM_BYTES_MAX);
  if (file.kind === 'read') return Buffer.from(file.bytes);
  const found = file.kind === 'failed' ? file.code : file.kind;
  throw new OperatingError(
    `Cannot read ${what} ${path}: ${found}, a PEM file that this user may read is needed`,
    {
      code: 'TLS_FILE',
    },
  );
}

interface Connecting {
  once(event: string, listener: (error?: Error) => void): unknown;
  on(event: 'error', listener: () => void): unknown;
}

/** Resolves at `event`; at the first error or an abort it rejects, and the socket is destroyed. */
async function connected<S extends Connecting>(
  socket: S,
  event: 'connect' | 'secureConnect' | 'open',
  { signal, destroy }: { signal: AbortSignal; destroy: () => void },
): Promise<S> {
  socket.on('error', () => undefined); // later errors belong to nobody: the close that follows is what counts
  const ready = new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => {
      reject(error ?? new Error('unknown'));
    });
    socket.once(event, () => {
      resolve();
    });
  });
  try {
    const first = await orAborted(ready, signal);
    if (first.kind === 'aborted') throw new Error('Cannot connect: the attempt was ended');
    return socket;
  } catch (error) {
    destroy();
    throw error;
  }
}
