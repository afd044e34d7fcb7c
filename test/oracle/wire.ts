// One socket of the oracle broker: bytes to packets and back, its pace, its keep alive. It decides nothing about MQTT.
import { generate, parser, type Packet } from 'mqtt-packet';
import type { Duplex } from 'node:stream';
import { AWS_BYTES_PER_SECOND } from './aws-rules.ts';
import type { Broker, Peer, Session } from './broker.ts';
import { handlePacket } from './handlers/handle.ts';
import { route } from './routing.ts';

const KEEPALIVE_TIMEOUT = 141;
// A client that is stopped, or behind a dead network, never closes its half.
const LINGER_MS = 200;

export function attach(broker: Broker, stream: Duplex, reset: () => void): void {
  const wire = new Wire(broker, stream, reset);
  broker.peers.add(wire);
  wire.listen();
}

class Wire implements Peer {
  readonly connection: number;
  version = 4;
  session: Session | undefined;
  readonly reset: () => void;
  readonly #broker: Broker;
  readonly #stream: Duplex;
  #keepaliveMs = 0;
  #cancelKeepalive: () => void = () => undefined;
  /** A piece read at the slow pace is on its way. */
  #slow = false;

  constructor(broker: Broker, stream: Duplex, reset: () => void) {
    this.#broker = broker;
    this.#stream = stream;
    this.reset = reset;
    this.connection = broker.nextConnection();
  }

  listen(): void {
    const packets = parser();
    packets.on('packet', (packet) => {
      if (packet.cmd === 'connect') this.#keepaliveMs = (packet.keepalive ?? 0) * 1500;
      handlePacket(this.#broker, this, packet);
    });
    packets.on('error', () => {
      this.reset();
    });
    this.#stream.on('error', () => undefined); // the close that follows is what counts
    this.#stream.on('data', (piece: Buffer) => {
      this.#rearmKeepalive();
      this.#atItsPace(piece.length, () => packets.parse(piece));
    });
    this.#stream.on('close', () => {
      this.#closed();
    });
    this.readOn();
  }

  introduce(version: number, session: Session): void {
    this.version = version;
    this.session = session;
    this.#rearmKeepalive();
  }

  send(packet: Packet): void {
    if (this.#stream.writable) this.#stream.write(generate(packet, { protocolVersion: this.version }));
  }

  end(reasonCode?: number): void {
    if (reasonCode !== undefined && this.version === 5) this.send({ cmd: 'disconnect', reasonCode });
    this.#stream.end();
    this.#broker.clock.timer(LINGER_MS, () => this.#stream.destroy());
  }

  readOn(): void {
    if (this.#broker.modes.stopReading || this.#slow) this.#stream.pause();
    else this.#stream.resume();
  }

  #atItsPace(bytes: number, read: () => void): void {
    const { aws, readBytesPerSecond } = this.#broker.modes;
    const pace = readBytesPerSecond > 0 ? readBytesPerSecond : aws ? AWS_BYTES_PER_SECOND : 0;
    if (pace === 0) {
      read();
      return;
    }
    this.#slow = true;
    this.readOn();
    this.#broker.clock.timer((bytes / pace) * 1000, () => {
      this.#slow = false;
      read();
      this.readOn();
    });
  }

  /** [MQTT-3.1.2-24]: one and a half times the keep alive. */
  #rearmKeepalive(): void {
    this.#cancelKeepalive();
    if (this.#keepaliveMs === 0) return;
    this.#cancelKeepalive = this.#broker.clock.timer(this.#keepaliveMs, () => {
      this.end(KEEPALIVE_TIMEOUT);
    });
  }

  #closed(): void {
    this.#cancelKeepalive();
    this.#broker.peers.delete(this);
    const { session } = this;
    if (session?.peer !== this) return;
    session.peer = undefined;
    session.unanswered = 0;
    const { sessions } = this.#broker;
    // A take-over may have put another one in its place.
    if (!session.kept && sessions.get(session.clientId) === session) sessions.delete(session.clientId);
    const { will } = session;
    session.will = undefined;
    if (will === undefined) return;
    const { topic, payload, qos = 0, retain = false } = will;
    route(this.#broker, { cmd: 'publish', topic, payload, qos, retain, dup: false });
  }
}
