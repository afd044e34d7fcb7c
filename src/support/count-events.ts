// Counts log events by name on their way to the log, for the status message; the log stays what it is.
import type { EventName, Fields, Level, Log } from './log.ts';

export interface CountingLog {
  readonly log: Log;
  counters(): Readonly<Partial<Record<EventName, number>>>;
}

export function countEvents(log: Log): CountingLog {
  const counts = new Map<EventName, number>();
  const at =
    (level: Level) =>
    (event: EventName, fields?: Fields): void => {
      counts.set(event, (counts.get(event) ?? 0) + 1);
      log[level](event, fields);
    };
  return {
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    counters: () => Object.fromEntries(counts),
  };
}
