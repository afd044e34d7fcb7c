// A TCP proxy on loopback that breaks connections on demand: what a bad network does to a daemon, without privileges.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Scope } from './scope.ts';

/**
 * `refuse` ends new connections at once; `blackhole` swallows both directions; `drop-server-to-client` delivers what
 * the client sends and swallows the answers. All but `refuse` act on open connections as well.
 */
export type ProxyMode = 'pass' | 'refuse' | 'blackhole' | 'drop-server-to-client';

export interface BreakingProxy {
  readonly port: number;
  readonly url: string;
  mode: ProxyMode;
  /** Bytes that came from clients so far, delivered or swallowed. */
  bytesFromClients: number;
  /** Calls `look` after each piece that came from a client. */
  onClientBytes: (bytesSoFar: number) => void;
  /** RST on all open connections. */
  reset(): void;
  /** FIN towards the clients; their own half stays open. */
  halfClose(): void;
}

export async function startBreakingProxy(
  scope: Scope,
  targetPort: number,
  listenPort = 0,
): Promise<BreakingProxy> {
  const server = createServer({ allowHalfOpen: true });
  const pairs = new Set<Pair>();
  server.listen(listenPort, '127.0.0.1');
  await once(server, 'listening');
  const proxy = createProxy((server.address() as AddressInfo).port, pairs);
  server.on('connection', (client) => {
    if (proxy.mode === 'refuse') client.resetAndDestroy();
    else accept(proxy, pairs, { client, upstream: connectTo(targetPort) });
  });
  scope.defer(async () => {
    for (const { client, upstream } of pairs) {
      client.destroy();
      upstream.destroy();
    }
    server.close();
    await once(server, 'close');
  });
  return proxy;
}

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
}

function createProxy(port: number, pairs: ReadonlySet<Pair>): BreakingProxy {
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    mode: 'pass',
    bytesFromClients: 0,
    onClientBytes: () => undefined,
    reset() {
      for (const { client, upstream } of pairs) {
        client.resetAndDestroy();
        upstream.destroy();
      }
    },
    halfClose() {
      for (const { client } of pairs) client.end();
    },
  };
}

function connectTo(port: number): Socket {
  return connect({ port, host: '127.0.0.1', allowHalfOpen: true });
}

function accept(proxy: BreakingProxy, pairs: Set<Pair>, pair: Pair): void {
  const { client, upstream } = pair;
  pairs.add(pair);
  join(pair, () => pairs.delete(pair));
  client.on('data', (piece) => {
    proxy.bytesFromClients += piece.length;
    proxy.onClientBytes(proxy.bytesFromClients);
    if (proxy.mode !== 'blackhole') upstream.write(piece);
  });
  upstream.on('data', (piece) => {
    if (proxy.mode === 'pass') client.write(piece);
  });
}

/** Either end takes the other with it; an error is an end. */
function join({ client, upstream }: Pair, closed: () => void): void {
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.on('error', () => undefined);
    one.on('end', () => other.end());
    one.on('close', () => {
      other.destroy();
      closed();
    });
  }
}
