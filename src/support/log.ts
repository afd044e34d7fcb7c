// One outcome, one line: JSON for journald and machines, a short form for a terminal. It never writes an image or a secret.
import { pino } from 'pino';
import { prettyLine } from './log-pretty.ts';
import { escapeInvisible } from './visible-text.ts';

/** The stable names of DESIGN's contract; what is not in this list has no line. */
export type EventName =
  | `daemon.${'ready' | 'stopping' | 'stuck' | 'notify'}`
  | `broker.${'connected' | 'lost' | 'retry' | 'refused'}`
  | `trigger.${'accepted' | 'ignored'}`
  | `capture.${'done' | 'failed'}`
  | `image.${'fitted' | 'unfit'}`
  | `request.${'stored' | 'acknowledged' | 'dropped' | 'quarantined'}`
  | `result.${'received' | 'filtered' | 'failed' | 'unmatched' | 'overdue' | 'invalid'}`
  | `config.${'applied' | 'rejected' | 'rolledBack'}`
  | `storage.${'failing' | 'recovered'}`
  | `camera.${'lost' | 'found'}`
  | 'host.throttled';

export type Level = 'debug' | 'info' | 'warn' | 'error';
export type Fields = Readonly<Record<string, unknown>>;

export type Log = Readonly<Record<Level, (event: EventName, fields?: Fields) => void>>;

/** A log whose level may be changed while it is used. */
export interface AdjustableLog extends Log {
  setLevel(level: Level): void;
}

export interface LogOptions {
  readonly level: Level;
  readonly format: 'json' | 'pretty';
  /** Where journald reads us: `<N>` priorities in front, no time (the journal has its own). */
  readonly journald: boolean;
  readonly write: (line: string) => void;
}

// sd-daemon(3): the prefix that gives a line its syslog priority.
const PRIORITY: Record<Level, string> = { debug: '<7>', info: '<6>', warn: '<4>', error: '<3>' };
const LINE_BYTES_MAX = 8 * 1024;
const TEXT_CHARACTERS_MAX = 1000;

export function createLog(options: LogOptions): AdjustableLog {
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: options.journald ? false : pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write: (line: string) => {
        options.write(finishLine(line, options));
      },
    },
  );
  const at =
    (level: Level) =>
    (event: EventName, fields: Fields = {}): void => {
      if (logger.isLevelEnabled(level)) logger[level]({ event, ...shortened(fields) });
    };
  return {
    ...{ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    setLevel: (level) => {
      logger.level = level;
    },
  };
}

function finishLine(line: string, options: LogOptions): string {
  const safe = boundedLine(escapeInvisible(line.trimEnd()));
  if (options.format === 'pretty') return `${prettyLine(safe)}\n`;
  return `${options.journald ? PRIORITY[levelOf(safe)] : ''}${safe}\n`;
}

function boundedLine(line: string): string {
  if (Buffer.byteLength(line) <= LINE_BYTES_MAX) return line;
  const { level, time, event, requestId } = JSON.parse(line) as Fields;
  return JSON.stringify({ level, time, event, requestId, shortened: true });
}

function levelOf(line: string): Level {
  return (/^\{"level":"(debug|info|warn|error)"/.exec(line)?.[1] ?? 'error') as Level;
}

function shortened(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' && value.length > TEXT_CHARACTERS_MAX
        ? `${value.slice(0, TEXT_CHARACTERS_MAX)}...`
        : value,
    ]),
  );
}
