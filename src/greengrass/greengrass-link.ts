// A link through the nucleus' IPC: answers become outcomes, and an IPC that ended is never used again. It keeps no message.
import type { Link, LinkProblem, OutgoingMessage, PublishOutcome } from '../domain.ts';
import { isAborted, orAborted } from '../support/abort.ts';
import { withDeadline, type Clock } from '../support/clock.ts';
import type { Ipc, IpcAnswer } from './ipc.ts';
import { accessControlRemedy, ipcProblem } from './problem.ts';

export interface GreengrassLinkParts {
  /** Connected. */
  readonly ipc: Ipc;
  readonly clock: Clock;
  /** For the nucleus' answer to one operation. */
  readonly ackMs: number;
}

export interface GreengrassLink extends Link {
  /** `undefined` once the nucleus has said that it subscribed to all of them. */
  subscribe(filters: readonly string[], onMessage: SubscribeListener): Promise<LinkProblem | undefined>;
}

export type SubscribeListener = Parameters<Ipc['subscribe']>[1];

// MQTT 5 has no words for the nucleus: these reason codes are what its answers come nearest to (2.4).
const NOT_AUTHORIZED = 135;
const SERVICE_ERROR = 131;
const SERVER_BUSY = 137;

export function createGreengrassLink(parts: GreengrassLinkParts): GreengrassLink {
  return new NucleusLink(parts);
}

class NucleusLink implements GreengrassLink {
  readonly protocol = 'greengrass';
  readonly ended: Promise<LinkProblem>;
  readonly #ipc: Ipc;
  readonly #clock: Clock;
  readonly #ackMs: number;
  readonly #end: (problem: LinkProblem) => void;
  /** Aborts with `ended`. */
  readonly #over = new AbortController();

  constructor({ ipc, clock, ackMs }: GreengrassLinkParts) {
    this.#ipc = ipc;
    this.#clock = clock;
    this.#ackMs = ackMs;
    let end: (problem: LinkProblem) => void = () => undefined;
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    this.#end = end;
    void ipc.ended.then(({ detail }) => this.#close(ipcProblem('closedByBroker', detail)));
  }

  async publish({ topic, payload, qos }: OutgoingMessage): Promise<PublishOutcome> {
    if (isAborted(this.#over.signal)) return { kind: 'lost', wholePacketWritten: false };
    const what = `aws.greengrass#PublishToIoTCore on ${topic} (${payload.length} bytes)`;
    const answer = await this.#ask(what, this.#ipc.publish({ topic, payload, qos }));
    if (answer === 'timeout') return { kind: 'timeout' };
    if (answer === 'ended') return { kind: 'lost', wholePacketWritten: true };
    return publishOutcome(answer, { topic, done: qos === 0 ? 'sent' : 'acknowledged' });
  }

  async subscribe(
    filters: readonly string[],
    onMessage: SubscribeListener,
  ): Promise<LinkProblem | undefined> {
    for (const filter of filters) {
      const what = `aws.greengrass#SubscribeToIoTCore on ${filter}`;
      const answer = await this.#ask(what, this.#ipc.subscribe(filter, onMessage));
      if (answer === 'timeout') return ipcProblem('subscribe', `${what}: no answer within ${this.#ackMs} ms`);
      if (answer === 'ended') return this.ended;
      const problem = subscribeProblem(answer, { what, filter });
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  async close(): Promise<void> {
    const closing = this.#close(ipcProblem('stopped', 'the daemon closed the connection'));
    await withDeadline(this.#clock, CLOSE_MS_MAX, closing);
  }

  abort(problem: LinkProblem): void {
    void this.#close(problem);
  }

  #close(problem: LinkProblem): Promise<void> {
    this.#end(problem);
    this.#over.abort();
    return this.#ipc.close().catch(() => undefined); // what it could not end any more, it has not
  }

  /** The answer, unless the link ends first: the client leaves what it asked without one then. */
  async #ask(what: string, asked: Promise<IpcAnswer>): Promise<IpcAnswer | 'timeout' | 'ended'> {
    const first = await withDeadline(this.#clock, this.#ackMs, orAborted(asked, this.#over.signal));
    if (first.kind === 'timeout') {
      this.abort(ipcProblem('ackTimeout', `no answer to ${what} within ${this.#ackMs} ms`));
      return 'timeout';
    }
    if (first.value.kind === 'aborted') return 'ended';
    const answer = first.value.value;
    if (answer.kind === 'broken') this.abort(ipcProblem('closedByBroker', `${what} failed: ${answer.said}`));
    return answer;
  }
}

// It ends each subscription with a message of its own.
const CLOSE_MS_MAX = 1000;

function publishOutcome(
  answer: IpcAnswer,
  { topic, done }: { readonly topic: string; readonly done: 'sent' | 'acknowledged' },
): PublishOutcome {
  switch (answer.kind) {
    case 'done':
      return { kind: done };
    case 'unauthorized': {
      const reason = `UnauthorizedError: ${accessControlRemedy('PublishToIoTCore', topic)}`;
      return { kind: 'refused', reasonCode: NOT_AUTHORIZED, reason };
    }
    case 'refused': {
      const reasonCode = PASSING.test(answer.said) ? SERVER_BUSY : SERVICE_ERROR;
      return { kind: 'refused', reasonCode, reason: answer.said };
    }
    case 'broken':
      return { kind: 'lost', wholePacketWritten: false };
  }
}

// Spool.java and MqttClient.java of the nucleus: its spooler is full, or it is offline and keeps no QoS 0. Both pass, and
// say nothing about the message.
const PASSING = /spool is full|is offline|run offline/i;

function subscribeProblem(
  answer: IpcAnswer,
  { what, filter }: { readonly what: string; readonly filter: string },
): LinkProblem | undefined {
  switch (answer.kind) {
    case 'done':
      return undefined;
    case 'unauthorized':
      return {
        ...ipcProblem('subscribe', `${what}: UnauthorizedError`),
        remedy: accessControlRemedy('SubscribeToIoTCore', filter),
      };
    case 'refused':
      return ipcProblem('subscribe', `${what}: ${answer.said}`);
    case 'broken':
      return ipcProblem('closedByBroker', `${what}: ${answer.said}`);
  }
}
