// A log that keeps its lines as values for a test to look at; it prints nothing.
import type { EventName, Fields, Level, Log } from '../../src/support/log.ts';

export interface LogLine {
  readonly level: Level;
  readonly event: EventName;
  readonly fields: Fields;
}

export interface RecordingLog extends Log {
  readonly lines: readonly LogLine[];
  /** The lines of one event, in order. */
  of(event: EventName): readonly LogLine[];
  /** `level event` of every line, in order. */
  summary(): readonly string[];
}

export function createRecordingLog(): RecordingLog {
  const lines: LogLine[] = [];
  const at =
    (level: Level) =>
    (event: EventName, fields: Fields = {}): void => {
      lines.push({ level, event, fields });
    };
  return {
    ...{ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    lines,
    of: (event) => lines.filter((line) => line.event === event),
    summary: () => lines.map(({ level, event }) => `${level} ${event}`),
  };
}
