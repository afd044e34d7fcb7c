// A TCP server that says exactly the bytes a test wants: what no real broker can be made to do. It knows no MQTT.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Scope } from './scope.ts';

/** Returns its port. `onData` sees each piece as it came; a packet of these tests fits one piece. */
export async function startRawServer(
  scope: Scope,
  onData: (piece: Buffer, socket: Socket) => void = () => undefined,
): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (piece) => {
      onData(piece, socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.defer(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}
