// Counts log events by name on their way to the log, for the status message; the log stays what it is.
import type { EventName, Fields, Level, Log } from './log.ts';

export interface CountingLog {
  readonly log: Log;
  counters(): Readonly<Partial<Record<EventName | 'request.sent', number>>>;
}

export function countEvents(log: Log): CountingLog {
  const counts = new Map<EventName | 'request.sent', number>();
  const at =
    (level: Level) =>
    (event: EventName, fields?: Fields): void => {
      // Acknowledged and sent at QoS 0 are two columns of the books (accepted = acknowledged + sent + kept + dropped).
      const name = event === 'request.acknowledged' && fields?.['by'] === 'socket' ? 'request.sent' : event;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      log[level](event, fields);
    };
  return {
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    counters: () => Object.fromEntries(counts),
  };
}
