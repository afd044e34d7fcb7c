// Tells senders what became of their triggers while a link is there; never waits, never keeps what could not be told.
import type { Link, OutgoingMessage, ReplyAddress, TriggerOutcome } from '../domain.ts';
import { untilAborted } from '../support/abort.ts';
import { outcomeMessages, type OutcomeSettings } from './outcome-message.ts';

export interface OutcomeSender {
  tell(trigger: { readonly triggerId: string; readonly reply?: ReplyAddress }, outcome: TriggerOutcome): void;
  /** Sends over this link until the signal aborts. */
  run(link: Link, signal: AbortSignal): Promise<void>;
}

// AWS IoT Core allows 100 unacknowledged publishes; a flood of refused triggers must leave room for the requests.
const IN_FLIGHT_MAX = 20;
// As many as one picture can answer; what a flood adds beyond is not told.
const WAITING_MAX = 1000;

export function createOutcomeSender(settings: OutcomeSettings): OutcomeSender {
  let link: Link | undefined;
  let inFlight = 0;
  let waiting: OutgoingMessage[] = [];

  const sendNext = (): void => {
    const [next, ...rest] = waiting;
    if (next === undefined || link === undefined || inFlight >= IN_FLIGHT_MAX) return;
    waiting = rest;
    inFlight += 1;
    void link.publish(next).finally(() => {
      inFlight -= 1;
      sendNext();
    });
  };

  return {
    tell(trigger, outcome) {
      if (link === undefined) return;
      const messages = outcomeMessages(settings, trigger, outcome);
      if (waiting.length + messages.length > WAITING_MAX) return;
      waiting.push(...messages);
      messages.forEach(sendNext);
    },
    async run(newLink, signal) {
      link = newLink;
      await untilAborted(signal);
      if (link !== newLink) return;
      link = undefined;
      waiting = [];
    },
  };
}
