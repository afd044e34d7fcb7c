// A link to the broker that follows a script: what becomes of each PUBLISH, and when it ends. It has no socket.
// test/mqtt/link-contract.test.ts holds it to the real one.
import type { Link, LinkFault, LinkProblem, OutgoingMessage, PublishOutcome } from '../../src/domain.ts';

/** What becomes of one PUBLISH: an answer at once, the end of the link, or nothing until the test says so. */
export type ScriptedPublish =
  | Exclude<PublishOutcome, { kind: 'lost' }>
  | { readonly kind: 'ends'; readonly fault: LinkFault; readonly wholePacketWritten: boolean }
  | 'inFlight';

export interface FakeLinkOptions {
  readonly protocol?: Link['protocol'];
  /** For the first PUBLISH, the second, ... */
  readonly script?: readonly ScriptedPublish[];
  /** For all further ones; the broker acknowledges them where it says nothing. */
  readonly answers?: (message: OutgoingMessage) => ScriptedPublish | undefined;
}

export interface FakeLink extends Link {
  /** What reached the wire, in order. */
  readonly published: readonly OutgoingMessage[];
  /** PUBLISH packets that wait for their answer. */
  inFlight(): number;
  /** Answers the oldest PUBLISH in flight; the deadline that has passed ends the link as well. */
  answer(outcome: Exclude<PublishOutcome, { kind: 'lost' }>): void;
  /** The network or the broker ends the link; what is in flight is lost. */
  end(fault: LinkFault, options?: { readonly wholePacketWritten: boolean }): void;
  /** Why it ended, or `undefined` while it is up. */
  problem(): LinkProblem | undefined;
}

export function createFakeLink(options: FakeLinkOptions = {}): FakeLink {
  const { protocol = 5, script = [], answers = () => undefined } = options;
  const published: OutgoingMessage[] = [];
  const waiting: ((outcome: PublishOutcome) => void)[] = [];
  const steps = [...script];
  let settleEnded: (problem: LinkProblem) => void = () => undefined;
  const ended = new Promise<LinkProblem>((resolve) => {
    settleEnded = resolve;
  });
  let problem: LinkProblem | undefined;
  const finish = (why: LinkProblem, wholePacketWritten: boolean): void => {
    if (problem !== undefined) return;
    problem = why;
    settleEnded(why);
    for (const settle of waiting.splice(0)) settle({ kind: 'lost', wholePacketWritten });
  };
  return {
    protocol,
    published,
    ended,
    publish(message) {
      if (problem !== undefined) return Promise.resolve({ kind: 'lost', wholePacketWritten: false });
      published.push(message);
      const step = steps.shift() ?? answers(message) ?? usual(message);
      if (step !== 'inFlight' && step.kind === 'timeout') finish(problemOf('ackTimeout'), true);
      if (step !== 'inFlight' && step.kind !== 'ends') return Promise.resolve(step);
      const answer = new Promise<PublishOutcome>((resolve) => waiting.push(resolve));
      if (step !== 'inFlight') finish(problemOf(step.fault), step.wholePacketWritten);
      return answer;
    },
    close() {
      finish(problemOf('stopped'), true);
      return Promise.resolve();
    },
    abort(why) {
      finish(why, true);
    },
    inFlight: () => waiting.length,
    answer(outcome) {
      const settle = waiting.shift();
      if (settle === undefined) throw new Error('Cannot answer a PUBLISH: none is in flight');
      settle(outcome);
      if (outcome.kind === 'timeout') finish(problemOf('ackTimeout'), true);
    },
    end(fault, options = { wholePacketWritten: true }) {
      finish(problemOf(fault), options.wholePacketWritten);
    },
    problem: () => problem,
  };
}

function usual({ qos }: OutgoingMessage): ScriptedPublish {
  return { kind: qos === 0 ? 'sent' : 'acknowledged' };
}

export function problemOf(fault: LinkFault): LinkProblem {
  return { fault, detail: `the script says ${fault}`, remedy: 'change the script' };
}
