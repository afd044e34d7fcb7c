// The log lines and counters of triggers, in a flood as in quiet times. It decides about no trigger.
import type { Trigger } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import { createLineLimit } from '../support/line-limit.ts';
import type { Log } from '../support/log.ts';
import type { IgnoredTrigger } from './intake.ts';

export interface TriggerLog {
  accepted(trigger: Pick<Trigger, 'triggerId' | 'source'>): void;
  ignored(trigger: IgnoredTrigger): void;
  /** `trigger.accepted`, `trigger.ignored`, `trigger.ignored.<reason>` and `outcome.untold`: each trigger once, told or not. */
  counters(): Readonly<Record<string, number>>;
  /** Tells what is still to be told, at the end. */
  flush(): void;
}

export interface TriggerLogDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Triggers whose outcome was not told, since the start. */
  readonly untold: () => number;
}

export function createTriggerLog({ clock, log, untold }: TriggerLogDeps): TriggerLog {
  let toldUntold = 0;
  /** Since the summary before, whichever of the two that was. */
  const newlyUntold = (): number => {
    const untoldOutcomes = untold() - toldUntold;
    toldUntold += untoldOutcomes;
    return untoldOutcomes;
  };
  const accepted = createLineLimit({
    clock,
    onSummary: ({ count, byWord: bySource }) => {
      log.info('trigger.accepted', { count, bySource, untoldOutcomes: newlyUntold() });
    },
  });
  const ignored = createLineLimit({
    clock,
    onSummary: ({ count, byWord: byReason }) => {
      log.warn('trigger.ignored', { count, byReason, untoldOutcomes: newlyUntold() });
    },
  });
  return {
    accepted({ triggerId, source }) {
      accepted.note(source, () => {
        log.info('trigger.accepted', { triggerId, source });
      });
    },
    ignored({ triggerId, reason, detail }) {
      ignored.note(reason, () => {
        log.info('trigger.ignored', { triggerId, reason, detail });
      });
    },
    counters() {
      const reasons = Object.entries(ignored.totals());
      return {
        'trigger.accepted': sum(Object.values(accepted.totals())),
        'trigger.ignored': sum(reasons.map(([, count]) => count)),
        ...Object.fromEntries(reasons.map(([reason, count]) => [`trigger.ignored.${reason}`, count])),
        'outcome.untold': untold(),
      };
    },
    flush() {
      accepted.flush();
      ignored.flush();
    },
  };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
