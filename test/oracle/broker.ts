// What the oracle broker knows, and the two seams its handlers work through: a peer and a clock. It has no socket.
import type { IConnectPacket, IPublishPacket, ISubscription, Packet } from 'mqtt-packet';
import type { Clock } from '../../src/support/clock.ts';
import type { Journal } from './journal.ts';
import { HEALTHY, type Modes } from './modes.ts';

export interface Peer {
  /** Counts the connections of this life of the broker. */
  readonly connection: number;
  readonly version: number;
  readonly session: Session | undefined;
  /** After CONNECT: how it speaks, who it is. */
  introduce(version: number, session: Session): void;
  send(packet: Packet): void;
  /** FIN; MQTT 5 is told why where there is a code. */
  end(reasonCode?: number): void;
  reset(): void;
  /** Looks at the modes anew: whether to read on. */
  readOn(): void;
}

export interface Session {
  readonly clientId: string;
  readonly subscriptions: Map<string, ISubscription>;
  /** Sent at QoS 1 and not yet acknowledged, or waiting for the client. */
  readonly unacknowledged: Map<number, IPublishPacket>;
  /** QoS 2 packet ids between PUBLISH and PUBREL. */
  readonly received: Set<number>;
  /** Over the end of the connection. */
  readonly kept: boolean;
  lastPacketId: number;
  /** Requests whose PUBACK has not been sent, for the Receive Maximum. */
  unanswered: number;
  will: IConnectPacket['will'];
  peer: Peer | undefined;
}

export class Broker {
  readonly peers = new Set<Peer>();
  readonly sessions = new Map<string, Session>();
  readonly retained = new Map<string, IPublishPacket>();
  readonly journal: Journal;
  readonly clock: Clock;
  readonly requestTopic: string;
  #modes = HEALTHY;
  #requests = 0;
  #connections = 0;

  constructor(parts: { readonly journal: Journal; readonly clock: Clock; readonly requestTopic: string }) {
    this.journal = parts.journal;
    this.clock = parts.clock;
    this.requestTopic = parts.requestTopic;
  }

  get modes(): Modes {
    return this.#modes;
  }

  set modes(modes: Modes) {
    this.#modes = modes;
    this.#requests = 0;
    for (const peer of this.peers) peer.readOn();
  }

  nextConnection(): number {
    this.#connections += 1;
    return this.#connections;
  }

  /** Which request this is, from 1, since the modes were set. */
  nextRequest(): number {
    this.#requests += 1;
    return this.#requests;
  }
}
