// Takes trigger messages in: admission, memory of what was seen, mailbox. It never waits and takes no picture.
import type { IgnoreReason, IncomingMessage, Random, ReplyAddress, Trigger } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import { createRecent } from '../support/recent.ts';
import { admitTrigger, type AdmissionPolicy } from './admit.ts';
import type { Mailbox } from './mailbox.ts';

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
  readonly random: Random;
  readonly onAdmitted: (trigger: Trigger) => void;
  readonly onIgnored: (ignored: IgnoredTrigger) => void;
}

export interface Intake {
  message(message: IncomingMessage): void;
  /** A trigger of this machine's own: the timer, or a signal. */
  local(source: 'timer' | 'signal'): void;
}

// Brokers redeliver within seconds of a reconnection; ten minutes also cover a sender's own retry.
const DUPLICATE_WINDOW_MS = 10 * 60 * 1000;
const DUPLICATES_MAX = 4096;

export function createIntake(deps: IntakeDeps): Intake {
  const { clock, random } = deps;
  const seen = createRecent({ clock, windowMs: DUPLICATE_WINDOW_MS, max: DUPLICATES_MAX });
  let lastAdmittedMs: number | undefined;

  const put = (trigger: Trigger, key?: string): void => {
    if (deps.mailbox.put(trigger) === 'waiting') {
      // Only now: a sender who was told `busy` may try again with the same id.
      if (key !== undefined) seen.add(key);
      lastAdmittedMs = trigger.receivedAtMs;
      deps.onAdmitted(trigger);
      return;
    }
    const { triggerId, reply } = trigger;
    deps.onIgnored({ triggerId, reason: 'busy', ...(reply === undefined ? {} : { reply }) });
  };

  return {
    message(message) {
      const admission = admitTrigger(message, deps.policy, {
        monotonicMs: clock.monotonicMs(),
        nowMs: clock.now().getTime(),
        clockSynchronised: deps.clockSynchronised(),
        freshId: random.uuid(),
        seenBefore: (key) => seen.has(key),
        ...(lastAdmittedMs === undefined ? {} : { lastAdmittedMs }),
      });
      if (admission.kind === 'ignored') {
        const { triggerId, reason, detail } = admission;
        const ignored = { triggerId, reason, ...(detail === undefined ? {} : { detail }) };
        deps.onIgnored({ ...ignored, ...(message.reply === undefined ? {} : { reply: message.reply }) });
        return;
      }
      put(admission.trigger, admission.key);
    },
    local(source) {
      put({ triggerId: random.uuid(), source, receivedAtMs: clock.monotonicMs() });
    },
  };
}
