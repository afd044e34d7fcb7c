// The ports of the oracle broker: plain, and TLS that may fall silent before its handshake.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Broker } from './broker.ts';
import { attach } from './wire.ts';

/** Resolves with the port, which is `port` unless that is 0. */
export async function listenPlain(broker: Broker, port: number): Promise<number> {
  return listen(port, (socket) => {
    attach(broker, socket, () => socket.resetAndDestroy());
  });
}

export async function listenTls(
  broker: Broker,
  port: number,
  files: { readonly certFile: string; readonly keyFile: string },
): Promise<number> {
  const cert = readFileSync(files.certFile);
  const key = readFileSync(files.keyFile);
  const secureContext = createSecureContext({ cert, key });
  return listen(port, (socket) => {
    socket.on('error', () => undefined);
    if (broker.modes.silentTls) socket.resume();
    else {
      const secured = new TLSSocket(socket, { isServer: true, secureContext });
      attach(broker, secured, () => socket.resetAndDestroy());
    }
  });
}

async function listen(port: number, onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer({ noDelay: true }, onSocket).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
