// Tells senders what became of their triggers while a link is there; never waits, never keeps what could not be told.
import type { Link, OutgoingMessage, ReplyAddress, TriggerOutcome } from '../domain.ts';
import { untilAborted } from '../support/abort.ts';
import type { Clock } from '../support/clock.ts';
import { COALESCED_MAX } from './mailbox.ts';
import { outcomeMessages, type OutcomeSettings } from './outcome-message.ts';

export interface OutcomeSender {
  tell(trigger: { readonly triggerId: string; readonly reply?: ReplyAddress }, outcome: TriggerOutcome): void;
  /** Triggers whose outcome, or one copy of it, found no link, no room or no acknowledgement, since the start. */
  untold(): number;
  /** Sends over this link until the signal aborts. */
  run(link: Link, signal: AbortSignal): Promise<void>;
}

// AWS IoT Core allows 100 unacknowledged publishes; a flood of refused triggers must leave room for the requests.
const IN_FLIGHT_MAX = 20;
// Refusals come as fast as a flood does: they leave room for the answers that a picture was taken for.
const IGNORED_WAITING_MAX = 500;
// In triggers, each with one message or two: whatever is refused, all that one picture answers hear of it.
const WAITING_MAX = IGNORED_WAITING_MAX + COALESCED_MAX;
// More than anybody reads; each is a PUBLISH with its acknowledgement, and a flood of them costs more than the triggers.
const PER_SECOND_MAX = 500;

export interface OutcomeSenderOptions extends OutcomeSettings {
  readonly clock: Clock;
}

/** What one trigger's sender is to be told. */
interface Telling {
  /** Not yet sent. */
  readonly messages: OutgoingMessage[];
  isUntold: boolean;
}

export function createOutcomeSender(settings: OutcomeSenderOptions): OutcomeSender {
  const { clock } = settings;
  const tellings = createTellings();
  let link: Link | undefined;
  let inFlight = 0;
  /** How many messages went since the second began; a second begins with its first message. */
  let sent = 0;

  const nextSecond = (): void => {
    sent = 0;
    for (let room = IN_FLIGHT_MAX - inFlight; room > 0; room -= 1) sendNext();
  };
  const sendNext = (): void => {
    if (link === undefined || inFlight >= IN_FLIGHT_MAX || sent >= PER_SECOND_MAX) return;
    const next = tellings.next();
    if (next === undefined) return;
    if (sent === 0) clock.timer(1000, nextSecond);
    sent += 1;
    inFlight += 1;
    void publish(next, link);
  };
  const publish = async ({ telling, message }: Next, over: Link): Promise<void> => {
    const { kind } = await over.publish(message);
    if (kind !== 'acknowledged' && kind !== 'sent') tellings.giveUp(telling);
    inFlight -= 1;
    sendNext();
  };

  return {
    tell(trigger, outcome) {
      const room = outcome.kind === 'ignored' ? IGNORED_WAITING_MAX : WAITING_MAX;
      if (link === undefined || tellings.waiting() >= room) {
        tellings.refuse();
        return;
      }
      const messages = outcomeMessages(settings, trigger, outcome);
      tellings.add(messages);
      messages.forEach(sendNext);
    },
    untold: () => tellings.untold(),
    async run(newLink, signal) {
      link = newLink;
      await untilAborted(signal);
      if (link !== newLink) return;
      link = undefined;
      tellings.giveUpAll();
    },
  };
}

interface Next {
  readonly telling: Telling;
  readonly message: OutgoingMessage;
}

/** Those that wait, oldest first, and the count of those that were given up: each trigger once, however many messages it has. */
function createTellings() {
  let waiting: Telling[] = [];
  let untold = 0;
  const giveUp = (telling: Telling): void => {
    if (!telling.isUntold) untold += 1;
    telling.isUntold = true;
  };
  return {
    /** Triggers that have a message not yet sent. */
    waiting: () => waiting.length,
    add(messages: readonly OutgoingMessage[]): void {
      if (messages.length > 0) waiting.push({ messages: [...messages], isUntold: false });
    },
    next(): Next | undefined {
      const [telling] = waiting;
      const message = telling?.messages.shift();
      if (telling === undefined || message === undefined) return undefined;
      if (telling.messages.length === 0) waiting.shift();
      return { telling, message };
    },
    /** One more that finds no room. */
    refuse(): void {
      untold += 1;
    },
    giveUp,
    giveUpAll(): void {
      waiting.forEach(giveUp);
      waiting = [];
    },
    untold: () => untold,
  };
}
