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
  /** The broker closed without a word with `operation` the first in hand, `upMs` after the connection began. */
  closed(operation: Operation | undefined, upMs: number): void;
  answered(operation: Operation): void;
  /** `undefined` where it may be sent. */
  withheld(subject: Subject): Withheld | undefined;
  all(): readonly Withheld[];
  /** A close followed a SUBSCRIBE and nobody is found guilty yet: of several filters, one at a time tells which. */
  oneByOne(): boolean;
}

export interface SuspectsOptions {
  readonly clock: Clock;
  /** Topics that are never withheld: a single request is, by its own strikes, and the others still go. */
  readonly exempt: readonly string[];
  readonly onChange: (withheld: readonly Withheld[]) => void;
}

/** One close may be a network, two bad luck. */
const CLOSES_MAX = 3;
/** A person mends a policy meanwhile; a try that fails costs one connection. */
export const WITHHELD_MS = 3_600_000;
// A broker that closes a new connection over nothing at all has another reason for its closes: nobody is to blame.
const YOUNG_MS = 10_000;
// The operations of the daemon are few; the others are answers to whoever asks, each on a topic of its choice.
const SUBJECTS_MAX = 100;

interface Suspicion {
  readonly subject: Subject;
  readonly closes: number;
  readonly withheldUntilMs: number;
}

export function createSuspects({ clock, exempt, onChange }: SuspectsOptions): Suspects {
  const suspicions = new Map<string, Suspicion>();
  const all = (): readonly Withheld[] =>
    [...suspicions.values()]
      .filter(({ withheldUntilMs }) => withheldUntilMs > clock.monotonicMs())
      .map(({ subject }) => ({ ...subject, statement: statementOf(subject) }));
  const suspect = (subject: Subject): boolean => {
    if (subject.kind === 'publish' && exempt.includes(subject.topic)) return false;
    const name = nameOf(subject);
    const closes = (suspicions.get(name)?.closes ?? 0) + 1;
    if (!suspicions.has(name) && suspicions.size >= SUBJECTS_MAX) return false;
    const guilty = closes >= CLOSES_MAX;
    suspicions.set(name, {
      subject,
      closes,
      withheldUntilMs: guilty ? clock.monotonicMs() + WITHHELD_MS : 0,
    });
    return guilty;
  };
  /** Whether anything was withheld that no longer is. */
  const acquit = (name: string): boolean => {
    const acquitted = suspicions.get(name);
    suspicions.delete(name);
    return acquitted !== undefined && acquitted.closes >= CLOSES_MAX;
  };
  const changed = (changes: readonly boolean[]): void => {
    if (changes.includes(true)) onChange(all());
  };
  return {
    closed(operation, upMs) {
      if (operation === undefined) {
        if (upMs < YOUNG_MS) changed([...suspicions.keys()].map(acquit));
        return;
      }
      changed(subjectsOf(operation).map(suspect));
    },
    answered(operation) {
      changed(subjectsOf(operation).map((subject) => acquit(nameOf(subject))));
    },
    withheld: (subject) => all().find(({ kind, topic }) => kind === subject.kind && topic === subject.topic),
    all,
    oneByOne: () =>
      [...suspicions.values()].some(
        ({ subject, closes }) => subject.kind === 'subscribe' && closes < CLOSES_MAX,
      ),
  };
}

function subjectsOf({ kind, topics }: Operation): readonly Subject[] {
  return topics.map((topic) => ({ kind, topic }));
}

function nameOf({ kind, topic }: Subject): string {
  return `${kind} ${topic}`;
}

/** As a policy document names it; in `topic/` a wildcard of MQTT is written `*`. */
function statementOf({ kind, topic }: Subject): string {
  return kind === 'publish'
    ? `iot:Publish on topic/${topic}, and iot:RetainPublish there where the message is retained`
    : `iot:Subscribe on topicfilter/${topic} and iot:Receive on topic/${topic.replace(/[+#]/g, '*')}`;
}
