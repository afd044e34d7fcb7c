// Which keys differ between two configurations, and what of the daemon that concerns. Pure.
import { isRecord } from '../format.ts';
import { schemaKeys, type Config } from '../schema.ts';

/**
 * `link`: the way to the broker; the link is closed and opened anew. `picture`: camera, fit and payload, between two
 * pictures. `restart`: takes effect at the next start only. Everything else is read where it is used.
 */
export interface Changes {
  readonly link: readonly string[];
  readonly picture: readonly string[];
  readonly restart: readonly string[];
  /** All of them. */
  readonly keys: readonly string[];
}

export function changesBetween(before: Config, after: Config): Changes {
  const keys = [...schemaKeys().keys()].filter((key) => textAt(before, key) !== textAt(after, key));
  return {
    keys,
    link: keys.filter(isLinkKey),
    picture: keys.filter(isPictureKey),
    restart: keys.filter((key) => RESTART_KEYS.includes(key)),
  };
}

/** `next` as far as a running daemon can follow it. */
export function withoutRestartKeys(next: Config, running: Config): Config {
  return {
    ...next,
    outbox: { ...next.outbox, directory: running.outbox.directory },
    results: { ...next.results, historyEntries: running.results.historyEntries },
    log: { ...next.log, format: running.log.format },
  };
}

// The outbox' folder is locked and full of entries, the history has its files there, and lines of one journal keep one form.
const RESTART_KEYS: readonly string[] = Object.freeze([
  'outbox.directory',
  'results.historyEntries',
  'log.format',
]);

function isLinkKey(key: string): boolean {
  return key.startsWith('mqtt.') || key.startsWith('topics.') || key === 'device.id';
}

function isPictureKey(key: string): boolean {
  return ['camera.', 'image.', 'payload.'].some((prefix) => key.startsWith(prefix)) || key === 'device.id';
}

/** Values are plain data, and a map's order says nothing in the configuration. */
function textAt(config: Config, key: string): string {
  let value: unknown = config;
  for (const name of key.split('.')) value = isRecord(value) ? value[name] : undefined;
  return JSON.stringify(value, (_, inner: unknown) =>
    isRecord(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}
