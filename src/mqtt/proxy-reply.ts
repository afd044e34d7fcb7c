// What both kinds of proxy share: who is asked for what, and an answer read to its last byte and no further.
import type { Socket } from 'node:net';
import { OperatingError } from '../support/errors.ts';

export interface Target {
  /** A name is looked up by the proxy: the network it stands in may know others than ours. */
  readonly host: string;
  readonly port: number;
}

export interface Tunnel {
  /** The proxy's, for messages. */
  readonly url: string;
  readonly target: Target;
}

export interface Reply<T> {
  readonly value: T;
  /** Bytes of the answer; what follows them belongs to the broker. */
  readonly bytes: number;
}

export type ProxyCode = 'PROXY_CLOSED' | 'PROXY_LOGIN' | 'PROXY_FORBIDS' | 'PROXY_TARGET' | 'PROXY_ANSWER';

/** Longer than any answer that a proxy has reason to give. */
const REPLY_BYTES_MAX = 16 * 1024;

/** Waits until `parse` has a whole answer; it returns `undefined` while more is needed. The caller bounds the time. */
export function readReply<T>(
  socket: Socket,
  { url, target }: Tunnel,
  parse: (bytes: Buffer) => Reply<T> | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    const finish = (settle: () => void): void => {
      socket.off('readable', onReadable);
      socket.off('close', onClose);
      settle();
    };
    const onReadable = (): void => {
      for (let piece: unknown = socket.read(); Buffer.isBuffer(piece); piece = socket.read())
        bytes = Buffer.concat([bytes, piece]);
      const reply = parse(bytes);
      if (reply !== undefined) {
        finish(() => {
          if (bytes.length > reply.bytes) socket.unshift(bytes.subarray(reply.bytes));
          resolve(reply.value);
        });
      } else if (bytes.length > REPLY_BYTES_MAX) {
        const found = `its answer is longer than ${REPLY_BYTES_MAX} bytes`;
        finish(() => {
          reject(proxyError('PROXY_ANSWER', { url, target }, found));
        });
      }
    };
    const onClose = (): void => {
      finish(() => {
        reject(proxyError('PROXY_CLOSED', { url, target }, 'it closed the connection without an answer'));
      });
    };
    socket.on('readable', onReadable);
    socket.once('close', onClose);
    onReadable();
  });
}

/** `found` is what the proxy did. */
export function proxyError(code: ProxyCode, { url, target }: Tunnel, found: string): OperatingError {
  const message = `Cannot reach ${target.host}:${target.port} through proxy ${url}: ${found}, ${ALLOWED[code]}`;
  return new OperatingError(message, { code });
}

const ALLOWED: Readonly<Record<ProxyCode, string>> = Object.freeze({
  PROXY_CLOSED: 'a proxy that answers is needed',
  PROXY_LOGIN: 'a proxy that takes this device without a login is needed',
  PROXY_FORBIDS: 'a proxy that allows this host and port is needed',
  PROXY_TARGET: 'a broker that the proxy can reach is needed',
  PROXY_ANSWER: 'HTTP CONNECT or SOCKS5, as mqtt.proxyUrl says, is needed',
});
