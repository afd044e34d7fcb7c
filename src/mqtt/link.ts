// One MQTT.js client for one connection: a wire, without a queue, a store or a reconnection of its own.
import { MqttClient, ReasonCodes } from 'mqtt';
import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import type { IncomingMessage, Link, LinkProblem, OutgoingMessage, PublishOutcome } from '../domain.ts';
import { orAborted } from '../support/abort.ts';
import { sleep, withDeadline, type Clock } from '../support/clock.ts';
import { errorMessage } from '../support/errors.ts';
import { clientOptions, incomingMessage, oversize, publishOptions, type Session } from './packets.ts';
import { hasReasonCode, linkProblem, problemFromClientError, problemFromReasonCode } from './problem.ts';

export interface LinkDeadlines {
  readonly connackMs: number;
  /** PUBACK, PUBCOMP and SUBACK, from the last byte written to the socket. */
  readonly ackMs: number;
}

export interface LinkParts {
  readonly stream: Duplex;
  readonly session: Session;
  readonly deadlines: LinkDeadlines;
  readonly clock: Clock;
  readonly onMessage: (message: IncomingMessage) => void;
}

export type ConnectOutcome =
  { readonly kind: 'open'; readonly link: Link } | { readonly kind: 'failed'; readonly problem: LinkProblem };

// AWS IoT Core takes 8 topic filters in one SUBSCRIBE; a larger number gains nothing elsewhere.
const FILTERS_PER_SUBSCRIBE = 8;
const DISCONNECT_GRACE_MS = 1000;
const PACKET_TOO_LARGE = 149;

/** CONNECT, CONNACK, SUBSCRIBE, SUBACK on a stream that is already connected. Never rejects. */
export async function connectLink(parts: LinkParts): Promise<ConnectOutcome> {
  const wire = new Wire(parts);
  const problem = (await wire.connect()) ?? (await wire.subscribe(parts.session.filters));
  if (problem === undefined) return { kind: 'open', link: wire };
  wire.abort(problem);
  // Not what `ended` tells: a close before CONNACK is `noConnack` here and a plain close there.
  return { kind: 'failed', problem };
}

class Wire implements Link {
  readonly protocol: 3 | 4 | 5;
  readonly ended: Promise<LinkProblem>;
  readonly #client: MqttClient;
  readonly #parts: LinkParts;
  readonly #end: (problem: LinkProblem) => void;
  /** The first named cause; the `close` that follows it names none. */
  #problem: LinkProblem | undefined;
  /** Aborts with `ended`: unlike a promise it lets go of those who have stopped waiting, on a link that is up for weeks. */
  readonly #over = new AbortController();

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.protocol = parts.session.protocol;
    this.#client = new MqttClient(() => parts.stream, clientOptions(parts.session));
    let end: (problem: LinkProblem) => void = () => undefined;
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    this.#end = (problem) => {
      end(problem);
      this.#over.abort();
    };
    setMaxListeners(0, this.#over.signal); // one for each message in flight
    this.#listen();
  }

  #listen(): void {
    const client = this.#client;
    // Stays on for ever: errors arrive even after end(true), and an unheard one ends the process.
    client.on('error', (error) => {
      this.#problem ??= problemFromClientError(error);
    });
    client.on('disconnect', (packet) => {
      this.#problem ??= problemFromReasonCode({
        code: packet.reasonCode ?? 0,
        text: ReasonCodes[(packet.reasonCode ?? 0) as keyof typeof ReasonCodes],
        ...(packet.properties?.reasonString === undefined
          ? {}
          : { reasonString: packet.properties.reasonString }),
      });
    });
    client.on('close', () => {
      this.#end(
        this.#problem ?? linkProblem('closedByBroker', 'the broker closed the connection without a reason'),
      );
    });
    client.on('message', (topic, payload, packet) => {
      this.#parts.onMessage(incomingMessage(topic, payload, packet));
    });
  }

  async connect(): Promise<LinkProblem | undefined> {
    const { clock, deadlines } = this.#parts;
    const connected = new Promise<undefined>((resolve) => {
      this.#client.once('connect', () => {
        resolve(undefined);
      });
    });
    this.#client.connect();
    const first = await withDeadline(clock, deadlines.connackMs, Promise.race([connected, this.ended]));
    if (first.kind === 'timeout')
      return linkProblem('noConnack', `no CONNACK within ${Math.round(deadlines.connackMs)} ms`);
    if (first.value?.fault === 'closedByBroker') {
      return linkProblem('noConnack', 'the broker closed the connection before CONNACK');
    }
    return first.value;
  }

  async subscribe(filters: readonly string[]): Promise<LinkProblem | undefined> {
    for (let start = 0; start < filters.length; start += FILTERS_PER_SUBSCRIBE) {
      const problem = await this.#subscribeSome(filters.slice(start, start + FILTERS_PER_SUBSCRIBE));
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  async #subscribeSome(filters: readonly string[]): Promise<LinkProblem | undefined> {
    const names = filters.join(', ');
    const acknowledged = new Promise<{ kind: 'acknowledged' } | { kind: 'refused'; reason: string }>(
      (resolve) => {
        // `rap`: an MQTT 5 broker otherwise clears the retain flag of live messages, and a trigger published with -r
        // would pass for a live one.
        this.#client.subscribe([...filters], { qos: 1, rap: true }, (error) => {
          resolve(
            error instanceof Error
              ? { kind: 'refused', reason: errorMessage(error) }
              : { kind: 'acknowledged' },
          );
        });
      },
    );
    const first = await this.#awaitAcknowledgement(acknowledged);
    switch (first.kind) {
      case 'acknowledged':
        return undefined;
      case 'refused':
        return linkProblem('subscribe', `${names}: ${first.reason}`);
      case 'timeout':
        return linkProblem('subscribe', `${names}: no SUBACK within ${this.#parts.deadlines.ackMs} ms`);
      case 'ended':
        return this.ended;
    }
  }

  async publish(message: OutgoingMessage): Promise<PublishOutcome> {
    // MQTT.js throws here: end(true) has closed the store that a publish goes through.
    if (this.#over.signal.aborted) return { kind: 'lost', wholePacketWritten: false };
    const maximumBytes = this.#client.serverProperties?.maximumPacketSize;
    const tooLarge = maximumBytes === undefined ? undefined : oversize(message, maximumBytes);
    if (tooLarge !== undefined) return { kind: 'refused', reasonCode: PACKET_TOO_LARGE, reason: tooLarge };
    const { topic, payload, qos } = message;
    const acknowledged = new Promise<PublishOutcome>((resolve) => {
      this.#client.publish(topic, Buffer.from(payload), publishOptions(message, this.protocol), (error) => {
        if (!(error instanceof Error)) resolve({ kind: qos === 0 ? 'sent' : 'acknowledged' });
        else if (hasReasonCode(error))
          resolve({ kind: 'refused', reasonCode: error.code, reason: error.message });
        // Any other error is MQTT.js giving up its connection: `ended` tells the story.
      });
    });
    const first = await this.#awaitAcknowledgement(acknowledged);
    if (first.kind !== 'ended') return first;
    return { kind: 'lost', wholePacketWritten: first.written };
  }

  async close(): Promise<void> {
    this.#problem ??= linkProblem('stopped', 'the daemon closed the connection');
    this.#client.end(false, {}, () => undefined);
    const closed = await withDeadline(this.#parts.clock, DISCONNECT_GRACE_MS, this.ended);
    if (closed.kind === 'timeout') this.abort(this.#problem);
  }

  abort(problem: LinkProblem): void {
    this.#problem ??= problem;
    this.#client.end(true);
    this.#parts.stream.destroy();
    this.#end(this.#problem);
  }

  /** The deadline starts when the last byte has left for the socket, so a slow link is not taken for a silent broker. */
  async #awaitAcknowledgement<T>(
    acknowledged: Promise<T>,
  ): Promise<T | { kind: 'timeout' } | { kind: 'ended'; written: boolean }> {
    const { clock, deadlines } = this.#parts;
    const over = new AbortController();
    let written = false;
    const late = this.#drained(over.signal)
      .then(() => {
        written = true;
        return sleep(clock, deadlines.ackMs, over.signal);
      })
      .then(() => ({ kind: 'timeout' }) as const);
    try {
      const first = await orAborted(Promise.race([acknowledged, late]), this.#over.signal);
      return first.kind === 'done' ? first.value : { kind: 'ended', written };
    } finally {
      over.abort();
    }
  }

  /** Never settles on a link that ends first; the caller races it against the end. */
  #drained(signal: AbortSignal): Promise<void> {
    const { stream } = this.#parts;
    return new Promise((resolve) => {
      if (!stream.writableNeedDrain) {
        resolve();
        return;
      }
      stream.once('drain', resolve);
      signal.addEventListener('abort', () => stream.off('drain', resolve), { once: true });
    });
  }
}
