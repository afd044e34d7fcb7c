// Tells senders what became of their triggers while a link is there; never waits, never keeps what could not be told.
import type { Link, ReplyAddress, TriggerOutcome } from '../domain.ts';
import { untilAborted } from '../support/abort.ts';
import { outcomeMessages, type OutcomeSettings } from './outcome-message.ts';

export interface OutcomeSender {
  tell(trigger: { readonly triggerId: string; readonly reply?: ReplyAddress }, outcome: TriggerOutcome): void;
  /** Sends over this link until the signal aborts. */
  run(link: Link, signal: AbortSignal): Promise<void>;
}

// AWS IoT Core allows 100 unacknowledged publishes; a flood of refused triggers must leave room for the requests.
const IN_FLIGHT_MAX = 20;

export function createOutcomeSender(settings: OutcomeSettings): OutcomeSender {
  let link: Link | undefined;
  let inFlight = 0;
  return {
    tell(trigger, outcome) {
      if (link === undefined) return;
      for (const message of outcomeMessages(settings, trigger, outcome)) {
        if (inFlight >= IN_FLIGHT_MAX) return;
        inFlight += 1;
        void link.publish(message).finally(() => {
          inFlight -= 1;
        });
      }
    },
    async run(newLink, signal) {
      link = newLink;
      await untilAborted(signal);
      if (link === newLink) link = undefined;
    },
  };
}
