// The broker of the demo: aedes on a free loopback port. It stores nothing and is no broker for real use.
import { createServer } from 'node:net';

export interface DemoBroker {
  readonly port: number;
  publish(topic: string, payload: Uint8Array): void;
  /** Calls `listener` with each message on exactly this topic. */
  listen(topic: string, listener: (payload: Uint8Array) => void): void;
  close(): Promise<void>;
}

export async function startDemoBroker(): Promise<DemoBroker> {
  // Imported here: no other command needs it, and it costs 50 ms at start.
  const { Aedes } = await import('aedes');
  const broker = await Aedes.createBroker();
  const server = createServer((socket) => {
    broker.handle(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const message = { cmd: 'publish', qos: 1, retain: false, dup: false } as const;
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    publish(topic, payload) {
      broker.publish({ ...message, topic, payload: Buffer.from(payload) }, () => undefined);
    },
    listen(topic, listener) {
      broker.subscribe(
        topic,
        (packet, done) => {
          listener(Buffer.from(packet.payload));
          done();
        },
        () => undefined,
      );
    },
    async close() {
      await new Promise<void>((resolve) => {
        broker.close(resolve);
      });
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
