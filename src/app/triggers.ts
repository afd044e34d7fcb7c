// Joins the parts of the trigger stage: pause, intake, mailbox, timer, outcomes and log lines; it takes no picture.
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { subscriptions } from '../config/stage-settings.ts';
import type { IncomingMessage, Link, Random, Trigger, TriggerOutcome } from '../domain.ts';
import type { ClockSync } from '../support/clock-sync.ts';
import type { Clock } from '../support/clock.ts';
import type { Log } from '../support/log.ts';
import { fireEvery } from '../trigger/every.ts';
import { createHeldTriggers } from '../trigger/held-triggers.ts';
import { createIntake } from '../trigger/intake.ts';
import { createMailbox } from '../trigger/mailbox.ts';
import { createOutcomeSender, type OutcomeSender } from '../trigger/outcome-sender.ts';
import { createPause, type KeptPause } from '../trigger/pause.ts';
import { mayReplyTo } from '../trigger/reply-topic.ts';
import { createTriggerLog } from '../trigger/trigger-log.ts';
import { derived, follow, whileSame, type LiveConfig } from './live-config.ts';

export interface TriggersDeps {
  readonly live: LiveConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly sync: ClockSync;
  readonly keptPause: KeptPause;
  readonly onPause: (paused: boolean) => void;
}

export interface Triggers {
  /** Any message; one on a topic that is neither for triggers nor for the pause is not taken. */
  message(message: IncomingMessage): 'taken' | 'notOurs';
  /** A trigger of this machine's own: a signal. */
  now(): void;
  /** The triggers that the next capture answers; empty when the signal aborts. */
  take(signal: AbortSignal): Promise<readonly Trigger[]>;
  tell(trigger: Trigger, outcome: TriggerOutcome): void;
  paused(): boolean;
  counters(): Readonly<Record<string, number>>;
  /** The timer, and the pause's file, until the signal aborts. */
  watch(signal: AbortSignal): Promise<void>;
  /** Tells outcomes over a link until the signal aborts, and takes its triggers once its retained pause is known. */
  run(link: Link, signal: AbortSignal): Promise<void>;
  /** Takes nothing more, and tells so to whoever waits or comes. */
  dismiss(): void;
  /** The last lines, when nothing comes any more. */
  close(): void;
}

/**
 * Where a pause is kept. Not beside the outbox but in it: that folder alone is known to be ours, locked for one instance
 * and on the disk that the owner chose; its parent may be anybody's.
 */
export function pauseFolder({ outbox }: Pick<Config, 'outbox'>): string {
  return join(outbox.directory, '.pause'); // hidden names are never entries
}

export function createTriggers(deps: TriggersDeps): Triggers {
  const { live, clock } = deps;
  const subscribed = derived(() => live.link(), subscriptions);
  const { outcomes, triggerLog, mailbox, intake, held, pause, tell, close } = joinParts(deps);
  return {
    message(message) {
      const { isPause, isTrigger } = subscribed();
      if (isPause(message.topic)) pause.message(message);
      else if (isTrigger(message.topic)) held.message(message);
      else return 'notOurs';
      return 'taken';
    },
    now: () => {
      intake.local('signal');
    },
    take: (signal) => mailbox.take(signal),
    tell,
    paused: () => pause.paused(),
    counters: () => triggerLog.counters(),
    async watch(signal) {
      const fire = (): void => {
        intake.local('timer');
      };
      const timer = whileSame(
        { live, of: () => live.now().trigger.everySeconds },
        (seconds, over) => fireEvery({ clock, seconds, fire }, over),
        signal,
      );
      await Promise.all([timer, pause.run(signal)]);
    },
    async run(link, signal) {
      await Promise.all([outcomes.run(link, signal), held.run(signal)]);
    },
    dismiss: () => {
      close('stopping');
      held.end();
    },
    close: () => {
      triggerLog.flush();
    },
  };
}

/** Each part tells its neighbour; what becomes of a trigger goes to the memory of the intake, to the log and to its sender. */
function joinParts(deps: TriggersDeps) {
  const { live, clock, random, log, sync } = deps;
  const outcomes = outcomesOf(deps);
  const policy = follow(() => live.now().trigger);
  const triggerLog = createTriggerLog({ clock, log, untold: () => outcomes.untold() });
  const mailbox = createMailbox(policy);
  let stopping = false;
  const closed = (): 'paused' | 'stopping' | undefined => {
    if (stopping) return 'stopping';
    return pause.paused() ? 'paused' : undefined;
  };
  const intake = createIntake({
    ...{ policy, mailbox, clock, random, closed },
    clockSynchronised: () => sync.synchronised(),
    onAdmitted: (trigger) => {
      triggerLog.accepted(trigger);
    },
    onIgnored: (ignored) => {
      triggerLog.ignored(ignored);
      outcomes.tell(ignored, { kind: 'ignored', reason: ignored.reason });
    },
  });
  const held = createHeldTriggers({
    clock,
    pass: (message) => {
      intake.message(message);
    },
    onBusy: (message) => {
      intake.refuse(message);
    },
  });
  const tell = (trigger: Trigger, outcome: TriggerOutcome): void => {
    intake.answered(trigger, outcome);
    if (outcome.kind === 'ignored') triggerLog.ignored({ ...trigger, reason: outcome.reason });
    outcomes.tell(trigger, outcome);
  };
  const close = (reason: 'paused' | 'stopping'): void => {
    stopping ||= reason === 'stopping';
    for (const trigger of mailbox.clear()) tell(trigger, { kind: 'ignored', reason });
  };
  const onChange = (paused: boolean): void => {
    if (paused) close('paused');
    deps.onPause(paused);
  };
  const pause = createPause(deps.keptPause, { clock, log, onChange });
  return { outcomes, triggerLog, mailbox, intake, held, pause, tell, close };
}

/** Their topic, and where replies may go, follow the link. */
function outcomesOf({ live, clock }: TriggersDeps): OutcomeSender {
  const subscribed = derived(() => live.link(), subscriptions);
  return createOutcomeSender({
    clock,
    get topic() {
      return live.link().topics.outcome;
    },
    mayReplyTo: (topic) => mayReplyTo(subscribed().replyPolicy, topic),
  });
}
