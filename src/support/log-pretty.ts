// Turns one JSON log line into a line for a person at a terminal; never used where a machine reads.
import { escapeInvisible } from './visible-text.ts';

const MARK: Readonly<Record<string, string>> = { debug: ' ', info: ' ', warn: '!', error: 'x' };
const EVENT_COLUMN = 21; // the longest event name of the contract, `request.acknowledged`, and a space

export function prettyLine(json: string): string {
  const { level, time, event, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const clock = typeof time === 'string' ? time.slice(11, 23) : '';
  const words = Object.entries(fields).map(([name, value]) => `${name}=${word(value)}`);
  return `${clock} ${MARK[String(level)] ?? ' '} ${String(event).padEnd(EVENT_COLUMN)}${words.join(' ')}`.trimEnd();
}

// Parsing brought back what the caller had escaped, so it is made visible again here.
function word(value: unknown): string {
  const plain = typeof value === 'string' && /^[\w.:/@%+-]+$/.test(value);
  return escapeInvisible(plain ? value : JSON.stringify(value));
}
