// Takes trigger messages in: admission, memory of what was seen, mailbox. It never waits and takes no picture.
import type {
  IgnoreReason,
  IncomingMessage,
  Random,
  ReplyAddress,
  Trigger,
  TriggerOutcome,
} from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import { admitTrigger, type AdmissionContext, type AdmissionPolicy } from './admit.ts';
import type { Mailbox } from './mailbox.ts';
import { keptReply } from './reply-topic.ts';
import { createSeenTriggers } from './seen-triggers.ts';

export interface IgnoredTrigger {
  readonly triggerId: string;
  readonly reason: IgnoreReason;
  readonly detail?: string;
  readonly reply?: ReplyAddress;
}

export interface IntakeDeps {
  readonly policy: AdmissionPolicy;
  readonly mailbox: Mailbox;
  readonly clock: Clock;
  readonly clockSynchronised: () => boolean;
  /** Why nothing is taken at present. */
  readonly closed: () => 'paused' | 'stopping' | undefined;
  readonly random: Random;
  readonly onAdmitted: (trigger: Trigger) => void;
  readonly onIgnored: (ignored: IgnoredTrigger) => void;
}

export interface Intake {
  message(message: IncomingMessage): void;
  /** A message that there was no room to keep. */
  refuse(message: IncomingMessage): void;
  /** A trigger of this machine's own: the timer, or a signal. */
  local(source: 'timer' | 'signal'): void;
  /** What became of a trigger that was admitted; a failed one is no longer a duplicate when it comes again. */
  answered(trigger: Trigger, outcome: TriggerOutcome): void;
}

export function createIntake(deps: IntakeDeps): Intake {
  const { clock, random } = deps;
  const seen = createSeenTriggers(clock);
  let lastAdmittedMs: number | undefined;

  const put = (trigger: Trigger, key?: string): void => {
    if (deps.mailbox.put(trigger) === 'waiting') {
      // Only now: a sender who was told `busy` may try again with the same id.
      if (key !== undefined) seen.taken(trigger, key);
      lastAdmittedMs = trigger.receivedAtMs;
      deps.onAdmitted(trigger);
      return;
    }
    deps.onIgnored({ triggerId: trigger.triggerId, reason: 'busy', ...keptReply(trigger.reply) });
  };

  const admit = (message: IncomingMessage, closed: AdmissionContext['closed']): void => {
    const admission = admitTrigger(message, deps.policy, {
      closed,
      monotonicMs: clock.monotonicMs(),
      nowMs: clock.now().getTime(),
      clockSynchronised: deps.clockSynchronised(),
      freshId: random.uuid(),
      seenBefore: (key) => seen.has(key),
      ...(lastAdmittedMs === undefined ? {} : { lastAdmittedMs }),
    });
    if (admission.kind === 'admitted') {
      put(admission.trigger, admission.key);
      return;
    }
    const { triggerId, reason, detail } = admission;
    const ignored = { triggerId, reason, ...(detail === undefined ? {} : { detail }) };
    deps.onIgnored({ ...ignored, ...keptReply(message.reply) });
  };

  return {
    message(message) {
      admit(message, deps.closed());
    },
    refuse(message) {
      admit(message, 'busy');
    },
    local(source) {
      const triggerId = random.uuid();
      const reason = deps.closed();
      if (reason !== undefined) deps.onIgnored({ triggerId, reason });
      else put({ triggerId, source, receivedAtMs: clock.monotonicMs() });
    },
    answered(trigger, outcome) {
      seen.answered(trigger, outcome);
    },
  };
}
