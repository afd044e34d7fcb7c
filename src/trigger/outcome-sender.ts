// Tells senders what became of their triggers while a link is there; never waits, never keeps what could not be told.
import type { Link, OutgoingMessage, ReplyAddress, TriggerOutcome } from '../domain.ts';
import { untilAborted } from '../support/abort.ts';
import type { Clock } from '../support/clock.ts';
import { outcomeMessages, type OutcomeSettings } from './outcome-message.ts';

export interface OutcomeSender {
  tell(trigger: { readonly triggerId: string; readonly reply?: ReplyAddress }, outcome: TriggerOutcome): void;
  /** Outcomes that no link was there for, or no room, since the start. */
  untold(): number;
  /** Sends over this link until the signal aborts. */
  run(link: Link, signal: AbortSignal): Promise<void>;
}

// AWS IoT Core allows 100 unacknowledged publishes; a flood of refused triggers must leave room for the requests.
const IN_FLIGHT_MAX = 20;
// As many as one picture can answer; what a flood adds beyond is not told.
const WAITING_MAX = 1000;
// Refusals come as fast as a flood does: they leave room for the answers that a picture was taken for.
const IGNORED_WAITING_MAX = 500;
// More than anybody reads; each is a PUBLISH with its acknowledgement, and a flood of them costs more than the triggers.
const PER_SECOND_MAX = 500;

export interface OutcomeSenderOptions extends OutcomeSettings {
  readonly clock: Clock;
}

export function createOutcomeSender(settings: OutcomeSenderOptions): OutcomeSender {
  const { clock } = settings;
  let link: Link | undefined;
  let inFlight = 0;
  let untold = 0;
  let waiting: OutgoingMessage[] = [];
  /** How many went since the second began; a second begins with its first message. */
  let sent = 0;

  const nextSecond = (): void => {
    sent = 0;
    for (let room = IN_FLIGHT_MAX - inFlight; room > 0; room -= 1) sendNext();
  };
  const sendNext = (): void => {
    if (link === undefined || inFlight >= IN_FLIGHT_MAX || sent >= PER_SECOND_MAX) return;
    const next = waiting.shift();
    if (next === undefined) return;
    if (sent === 0) clock.timer(1000, nextSecond);
    sent += 1;
    inFlight += 1;
    void link.publish(next).finally(() => {
      inFlight -= 1;
      sendNext();
    });
  };

  return {
    tell(trigger, outcome) {
      const room = outcome.kind === 'ignored' ? IGNORED_WAITING_MAX : WAITING_MAX;
      if (link === undefined || waiting.length >= room) {
        untold += 1;
        return;
      }
      const messages = outcomeMessages(settings, trigger, outcome);
      waiting.push(...messages);
      messages.forEach(sendNext);
    },
    untold: () => untold,
    async run(newLink, signal) {
      link = newLink;
      await untilAborted(signal);
      if (link !== newLink) return;
      link = undefined;
      untold += waiting.length;
      waiting = [];
    },
  };
}
