// A TCP connection to the broker through the proxy that the configuration names; it speaks no MQTT and no TLS.
import { connect, type Socket } from 'node:net';
import { OperatingError } from '../support/errors.ts';
import { connected } from './connected.ts';
import { openHttpTunnel } from './proxy-http.ts';
import type { Target } from './proxy-reply.ts';
import { openSocks5Tunnel } from './proxy-socks5.ts';

export interface Under {
  readonly target: Target;
  readonly writableHighWaterMark: number;
  /** Told of the socket to the proxy before it connects. */
  readonly onProxySocket?: (socket: Socket) => void;
}

/**
 * Resolves with a socket whose next byte comes from the target. Rejects with an OperatingError that names the proxy.
 * `url` is `http://host:port` or `socks5://host:port`.
 */
export async function connectThroughProxy(
  url: string,
  { target, writableHighWaterMark, onProxySocket = () => undefined }: Under,
  signal: AbortSignal,
): Promise<Socket> {
  const proxy = parseProxyUrl(url);
  // `writableHighWaterMark` is missing from the type definitions of this version.
  const mark = { writableHighWaterMark };
  const socket = connect({ host: proxy.host, port: proxy.port, noDelay: true, ...mark });
  onProxySocket(socket);
  const destroy = (): void => {
    socket.destroy();
  };
  try {
    await connected(socket, 'connect', { signal, destroy });
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new OperatingError(`Cannot reach proxy ${url}: ${found}, a proxy that listens there is needed`, {
      ...{ code: 'PROXY_UNREACHABLE', cause: error },
    });
  }
  // The reader of the proxy's answer sees the close.
  signal.addEventListener('abort', destroy, { once: true });
  try {
    if (proxy.scheme === 'http') await openHttpTunnel(socket, { url, target });
    else await openSocks5Tunnel(socket, { url, target });
    return socket;
  } catch (error) {
    destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', destroy);
  }
}

const PORT_MAX = 65_535;

interface ProxyAddress extends Target {
  readonly scheme: 'http' | 'socks5';
}

function parseProxyUrl(url: string): ProxyAddress {
  const parts = /^(http|socks5):\/\/(?:\[([^\]]+)\]|([^:/]+)):(\d+)$/.exec(url);
  const host = parts?.[2] ?? parts?.[3];
  const port = Number(parts?.[4]);
  // `connect` throws at another port, in words that name no key.
  if (host === undefined || port < 1 || port > PORT_MAX)
    throw new OperatingError(
      `Cannot use proxy ${url}: it names no host and port, http://host:port or socks5://host:port is needed`,
      { code: 'PROXY_URL' },
    );
  return { scheme: parts?.[1] === 'http' ? 'http' : 'socks5', host, port };
}
