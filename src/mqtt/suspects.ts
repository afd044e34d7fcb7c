// Finds the operation that a broker refuses by closing, and withholds it, so that the rest goes on. It sends nothing.
import type { Clock } from '../support/clock.ts';
import type { Operation } from './operations.ts';

export interface Subject {
  readonly kind: 'publish' | 'subscribe';
  readonly topic: string;
}

/** An operation that is not repeated for now. */
export interface Withheld extends Subject {
  /** What the AWS IoT policy of this device lacks. */
  readonly statement: string;
}

export interface Suspects {
  /** The broker closed without a word when it had a whole PUBLISH on this topic. Gives what requests lack from now on. */
  closedOverWhole(topic: string): Withheld | undefined;
  /** The broker closed without a word with `operation` the first in hand, `upMs` after the connection began. */
  closed(operation: Operation | undefined, upMs: number): void;
  answered(operation: Operation): void;
  /** `undefined` where it may be sent. */
  withheld(subject: Subject): Withheld | undefined;
  /** But for requests: of those the one who sends them tells. */
  all(): readonly Withheld[];
  /** A close followed a SUBSCRIBE and nobody is found guilty yet: of several filters, one at a time tells which. */
  oneByOne(): boolean;
}

export interface SuspectsOptions {
  readonly clock: Clock;
  /** A request collects strikes of its own; its topic is suspected only after those. */
  readonly requestTopic?: string;
  readonly onChange: (withheld: readonly Withheld[]) => void;
}

/** One close may be a network, two bad luck. */
const CLOSES_MAX = 3;
/** A person mends a policy meanwhile; a try that fails costs one connection. */
export const WITHHELD_MS = 3_600_000;
/** Pictures wait for it. */
export const REQUESTS_WITHHELD_MS = 600_000;
const OTHERS = Object.freeze({ closesMax: CLOSES_MAX, forMs: WITHHELD_MS });
// After three a request is given up for its own sake: one more, with none taken in between, was upon another.
const REQUESTS = Object.freeze({ closesMax: CLOSES_MAX + 1, forMs: REQUESTS_WITHHELD_MS });
// A broker that closes a new connection over nothing at all has another reason for its closes: nobody is to blame.
const YOUNG_MS = 10_000;
// The operations of the daemon are few; the others are answers to whoever asks, each on a topic of its choice.
const SUBJECTS_MAX = 100;

interface Suspicion {
  readonly subject: Subject;
  readonly closes: number;
  readonly withheldUntilMs: number;
}

export function createSuspects({ clock, requestTopic, onChange }: SuspectsOptions): Suspects {
  const suspicions = new Map<string, Suspicion>();
  const isRequest = ({ kind, topic }: Subject): boolean => kind === 'publish' && topic === requestTopic;
  const withheld = (): readonly Withheld[] =>
    [...suspicions.values()]
      .filter(({ withheldUntilMs }) => withheldUntilMs > clock.monotonicMs())
      .map(({ subject }) => ({ ...subject, statement: statementOf(subject, !isRequest(subject)) }));
  const all = (): readonly Withheld[] => withheld().filter((one) => !isRequest(one));
  /** Whether anything was withheld that no longer is. */
  const acquit = (name: string): boolean => {
    const acquitted = suspicions.get(name);
    suspicions.delete(name);
    return acquitted !== undefined && acquitted.withheldUntilMs > 0;
  };
  const changed = (changes: readonly boolean[]): void => {
    if (changes.includes(true)) onChange(all());
  };
  return {
    closedOverWhole(topic) {
      const subject = { kind: 'publish', topic } as const;
      const isGuilty =
        isRequest(subject) && addClose(suspicions, subject, { ...REQUESTS, nowMs: clock.monotonicMs() });
      return isGuilty ? withheld().find(isRequest) : undefined;
    },
    closed(operation, upMs) {
      if (operation === undefined) {
        if (upMs < YOUNG_MS) changed([...suspicions.keys()].map(acquit));
        return;
      }
      const subjects = subjectsOf(operation).filter((subject) => !isRequest(subject));
      const nowMs = clock.monotonicMs();
      changed(subjects.map((subject) => addClose(suspicions, subject, { ...OTHERS, nowMs })));
    },
    answered(operation) {
      changed(subjectsOf(operation).map((subject) => acquit(nameOf(subject))));
    },
    withheld: (subject) =>
      withheld().find(({ kind, topic }) => kind === subject.kind && topic === subject.topic),
    all,
    oneByOne: () =>
      [...suspicions.values()].some(
        ({ subject, closes }) => subject.kind === 'subscribe' && closes < CLOSES_MAX,
      ),
  };
}

/** Whether it is guilty now. */
function addClose(
  suspicions: Map<string, Suspicion>,
  subject: Subject,
  { closesMax, forMs, nowMs }: { closesMax: number; forMs: number; nowMs: number },
): boolean {
  const name = nameOf(subject);
  const closes = (suspicions.get(name)?.closes ?? 0) + 1;
  if (!suspicions.has(name) && suspicions.size >= SUBJECTS_MAX) return false;
  const guilty = closes >= closesMax;
  suspicions.set(name, { subject, closes, withheldUntilMs: guilty ? nowMs + forMs : 0 });
  return guilty;
}

function subjectsOf({ kind, topics }: Operation): readonly Subject[] {
  return topics.map((topic) => ({ kind, topic }));
}

function nameOf({ kind, topic }: Subject): string {
  return `${kind} ${topic}`;
}

/** As a policy document names it; in `topic/` a wildcard of MQTT is written `*`. */
function statementOf({ kind, topic }: Subject, mayBeRetained: boolean): string {
  if (kind === 'publish') {
    const retained = mayBeRetained ? ', and iot:RetainPublish there where the message is retained' : '';
    return `iot:Publish on topic/${topic}${retained}`;
  }
  return `iot:Subscribe on topicfilter/${topic} and iot:Receive on topic/${topic.replace(/[+#]/g, '*')}`;
}
