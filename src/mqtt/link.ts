// One MQTT.js client for one connection: a wire, without a queue, a store or a reconnection of its own.
import { MqttClient, ReasonCodes } from 'mqtt';
import { setMaxListeners } from 'node:events';
import type { Link, LinkProblem, OutgoingMessage, PublishOutcome } from '../domain.ts';
import { isAborted } from '../support/abort.ts';
import { withDeadline } from '../support/clock.ts';
import { ackReasons } from './ack-reasons.ts';
import { createAnswers, isSent, type Answer, type Answers } from './acknowledgement.ts';
import { createFlightWindow } from './flight-window.ts';
import { keepLinkAlive } from './keep-link-alive.ts';
import type { ConnectOutcome, LinkParts } from './link-parts.ts';
import { createOperations, type Operation, type Operations } from './operations.ts';
import { clientOptions, incomingMessage, publishOptions } from './packets.ts';
import {
  afterOperation,
  closedWithoutReason,
  hasReasonCode,
  linkProblem,
  problemFromClientError,
} from './problem.ts';
import { outcomeOfEnd, refusedHere } from './refused-here.ts';
import { subscribe, type SubscribeAnswer } from './subscribe.ts';
import { uncopied } from './uncopied.ts';

const REASONS = ackReasons(ReasonCodes);
const DISCONNECT_GRACE_MS = 1000;
const RECEIVE_MAXIMUM = 65_535; // [MQTT-3.2.2.3.3]: where the broker names none

/** CONNECT to SUBACK on a stream that is connected. Never rejects; a close before CONNACK is a plain close in `ended`. */
export async function connectLink(parts: LinkParts): Promise<ConnectOutcome> {
  const wire = new Wire(parts);
  const problem = (await wire.connect()) ?? (await wire.subscribe(parts.session.filters));
  if (problem === undefined)
    return {
      ...{ kind: 'open', link: wire, maximumPacketBytes: wire.maximumPacketBytes() },
      subscribe: (filters) => wire.subscribe(filters),
    };
  wire.abort(problem);
  return { kind: 'failed', problem };
}

class Wire implements Link {
  readonly protocol: 3 | 4 | 5;
  readonly ended: Promise<LinkProblem>;
  readonly #client: MqttClient;
  readonly #parts: LinkParts;
  readonly #end: (problem: LinkProblem) => void;
  /** The first named cause. */
  #problem: LinkProblem | undefined;
  /** Aborts with `ended`: unlike a promise it lets go of those who have stopped waiting, on a link that is up for weeks. */
  readonly #over = new AbortController();
  readonly #operations: Operations;
  readonly #answers: Answers;
  readonly #window = createFlightWindow();
  readonly #startedMs: number;
  /** Payload bytes that were given to the stream. */
  #unansweredBytes = 0;
  /** Of CONNACK: MQTT.js' error has the code alone. */
  #connackReason: string | undefined;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#operations = createOperations(parts.clock);
    this.#answers = createAnswers({ ...parts, over: this.#over.signal });
    this.#startedMs = parts.clock.monotonicMs();
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
    setMaxListeners(0, this.#over.signal); // one for each message that waits for its turn
    this.#listen();
  }

  #listen(): void {
    const client = this.#client;
    // Stays on for ever: errors arrive even after end(true), and an unheard one ends the process.
    client.on('error', (error) => {
      const said = problemFromClientError(error, this.#connackReason);
      this.#problem ??= afterOperation(said, this.#operations.inHand());
    });
    client.on('disconnect', (packet) => {
      this.#problem ??= afterOperation(REASONS.disconnectProblem(packet), this.#operations.inHand());
    });
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'connack') this.#connackReason = packet.properties?.reasonString;
    });
    client.on('close', () => {
      const problem = this.#problem ?? closedWithoutReason(this.#operations.inHand());
      if (problem.fault === 'closedByBroker') {
        const upMs = this.#parts.clock.monotonicMs() - this.#startedMs;
        this.#parts.suspects?.closed(this.#operations.suspect(), upMs);
      }
      this.#end(problem);
    });
    client.on('message', (topic, payload, packet) => {
      this.#parts.onMessage(incomingMessage(topic, payload, packet));
    });
  }

  async connect(): Promise<LinkProblem | undefined> {
    const { clock, deadlines, stream } = this.#parts;
    const connected = new Promise<undefined>((resolve) => {
      this.#client.once('connect', () => {
        const onSilent = this.abort.bind(this);
        keepLinkAlive(this.#client, { clock, stream, over: this.#over.signal, onSilent });
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

  maximumPacketBytes(): number | undefined {
    return this.#client.serverProperties?.maximumPacketSize;
  }

  subscribe(filters: readonly string[]): Promise<LinkProblem | undefined> {
    const { suspects, deadlines } = this.#parts;
    const send = (operation: Operation): Promise<Answer<SubscribeAnswer>> =>
      this.#answer(operation, this.#sendSubscribe(operation.topics), deadlines.ackMs);
    return subscribe({ send, ended: this.ended, ackMs: deadlines.ackMs, suspects }, filters);
  }

  #sendSubscribe(topics: readonly string[]): Promise<SubscribeAnswer> {
    return new Promise((resolve) => {
      // `rap`: an MQTT 5 broker otherwise clears the retain flag of live messages, and a trigger published with -r
      // would pass for a live one.
      this.#client.subscribe([...topics], { qos: 1, rap: true }, (error, _granted, packet) => {
        if (error === null) resolve({ kind: 'granted' });
        else resolve({ kind: 'refused', reason: REASONS.subscribeRefusal(error, topics, packet) });
      });
    });
  }

  async publish(message: OutgoingMessage): Promise<PublishOutcome> {
    const over = this.#over.signal;
    const { topic, payload, qos } = message;
    const { patience, clock, deadlines, suspects } = this.#parts;
    const { maximumPacketSize, receiveMaximum = RECEIVE_MAXIMUM } = this.#client.serverProperties ?? {};
    const refused = refusedHere(message, { maximumPacketSize, suspects });
    if (refused !== undefined && !over.aborted) return refused;
    const leave = qos === 0 ? undefined : await this.#window.enter(receiveMaximum, over);
    const what = `PUBLISH on ${topic} (${payload.length} bytes)`;
    const bytes = (this.#unansweredBytes += payload.length); // what goes before it takes its time as well
    const ackMs = deadlines.ackMs + patience.extraMs(bytes);
    const startedMs = clock.monotonicMs();
    // MQTT.js throws on an ended client: end(true) has closed the store that a publish goes through.
    const first: Answer<PublishOutcome> = isAborted(over)
      ? { kind: 'ended', wholePacketWritten: false }
      : await this.#answer({ kind: 'publish', topics: [topic], what }, this.#sendPublish(message), ackMs);
    leave?.();
    this.#unansweredBytes -= payload.length;
    switch (first.kind) {
      case 'answered':
        patience.answered(bytes, clock.monotonicMs() - startedMs);
        return first.value;
      case 'timeout':
        patience.timedOut(bytes, clock.monotonicMs() - startedMs);
        // Nothing sent after it could be trusted to arrive, and a second try needs a connection that answers.
        this.abort(linkProblem('ackTimeout', `no answer to ${what} within ${ackMs} ms`));
        return first;
      case 'ended':
        return outcomeOfEnd(message, first.wholePacketWritten, { suspects, problem: await this.ended });
    }
  }

  #sendPublish(message: OutgoingMessage): Promise<PublishOutcome> {
    const { topic, payload, qos } = message;
    const bytes = uncopied(payload); // nobody changes a payload that was handed over
    return new Promise((resolve) => {
      this.#client.publish(topic, bytes, publishOptions(message, this.protocol), (error, packet) => {
        if (!(error instanceof Error)) resolve({ kind: qos === 0 ? 'sent' : 'acknowledged' });
        else if (hasReasonCode(error))
          resolve({ kind: 'refused', reasonCode: error.code, reason: REASONS.publishRefusal(error, packet) });
        // Any other error is MQTT.js giving up: `ended` tells the story.
      });
    });
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

  async #answer<T>(operation: Operation, answer: Promise<T>, ackMs: number): Promise<Answer<T>> {
    const end = this.#operations.begin(operation);
    const first = await this.#answers.wait(answer, ackMs);
    const answered = first.kind === 'answered' && !isSent(first.value);
    if (answered) this.#parts.suspects?.answered(operation);
    end(first.kind === 'answered' && !answered ? 'unanswered' : 'answered');
    return first;
  }
}
