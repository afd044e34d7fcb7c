// Knows whether this device is paused: told over MQTT, kept on disk across restarts. It closes no camera itself.
import type { IncomingMessage } from '../domain.ts';
import { isAborted } from '../support/abort.ts';
import { sleep, type Clock } from '../support/clock.ts';
import { openDurableFolder, type DurableFolder } from '../support/durable-file.ts';
import { errorCode, errorMessage } from '../support/errors.ts';
import { createLineLimit, type LineLimit } from '../support/line-limit.ts';
import type { Log } from '../support/log.ts';
import { createWakeup } from '../support/wakeup.ts';

export interface Pause {
  paused(): boolean;
  /** A message on the pause topic. */
  message(message: IncomingMessage): void;
  /** Keeps the file up to date until the signal aborts, and once more then. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export interface PauseOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Called at each change, not for the state at the start. */
  readonly onChange: (paused: boolean) => void;
}

export type Word = 'on' | 'off';

/** What was kept, and where. */
export interface KeptPause {
  readonly directory: string;
  readonly word: Word;
  /** Absent where it could not be opened. */
  readonly folder?: DurableFolder;
}

/** Reads a folder of its own, made where it is missing. Never rejects: what is not plainly kept is no pause, and a warning. */
export async function readPause(directory: string, log: Log): Promise<KeptPause> {
  const broken = { directory, file: FILE_NAME, allowed: 'on or off', taken: 'off: not paused' };
  try {
    const folder = await openDurableFolder(directory);
    if (!(await folder.list()).includes(FILE_NAME)) return { directory, word: 'off', folder };
    const bytes = await folder.read(FILE_NAME, PAYLOAD_BYTES_MAX);
    const word = bytes === undefined ? undefined : parseWord(bytes);
    if (word === undefined) log.warn('config.rejected', broken);
    return { directory, word: word ?? 'off', folder };
  } catch (error) {
    log.warn('config.rejected', { ...broken, ...failure(error) });
    return { directory, word: 'off' };
  }
}

export function createPause(kept: KeptPause, options: PauseOptions): Pause {
  const { clock, log, onChange } = options;
  const { directory } = kept;
  let now: Word = kept.word;
  let written: Word = kept.word;
  let failing = false;
  const wakeup = createWakeup();
  const wrongWords = wrongWordLines(clock, log);

  const save = async (): Promise<void> => {
    const word = now;
    if (word === written) return;
    try {
      // Opened again where that failed at the start.
      const folder = kept.folder ?? (await openDurableFolder(directory));
      await folder.write(FILE_NAME, [Buffer.from(`${word}\n`)]);
      written = word;
      if (failing) log.info('storage.recovered', { directory });
      failing = false;
    } catch (error) {
      if (!failing) log.error('storage.failing', { directory, ...failure(error), lost: `pause ${word}` });
      failing = true;
    }
    if (now !== written) wakeup.wake();
  };

  return {
    paused: () => now === 'on',
    message({ topic, payload }) {
      const word = parseWord(payload);
      if (word === undefined) {
        wrongWords.note('pause', () => {
          log.warn('config.rejected', { topic, found: `${payload.length} bytes`, allowed: 'on or off' });
        });
        return;
      }
      // The broker tells the retained one again at every connection.
      if (word === now) return;
      now = word;
      wakeup.wake();
      log.info('config.applied', { topic, pause: word });
      onChange(word === 'on');
    },
    async run(signal) {
      while (!isAborted(signal)) {
        await wakeup.wait(signal);
        await save();
        await sleep(clock, failing ? RETRY_MS : WRITE_INTERVAL_MS, signal);
      }
      await save();
      wrongWords.flush();
    },
  };
}

/** Anybody may publish on the pause topic, and as fast as they like. */
function wrongWordLines(clock: Clock, log: Log): LineLimit {
  return createLineLimit({
    clock,
    onSummary: ({ count }) => {
      log.warn('config.rejected', { found: 'other words as a pause', count, allowed: 'on or off' });
    },
  });
}

const FILE_NAME = 'pause';
const PAYLOAD_BYTES_MAX = 16;
// Whoever switches it all day long wears the card out no faster than this.
const WRITE_INTERVAL_MS = 1000;
const RETRY_MS = 60_000;

/**
 * An empty message, which is what clears a retained one, says neither: a device that was away would never see it, so
 * `off` is the one word that ends a pause everywhere.
 */
function parseWord(payload: Uint8Array): Word | undefined {
  if (payload.length > PAYLOAD_BYTES_MAX) return undefined;
  const text = Buffer.from(payload).toString('utf8').trim().toLowerCase();
  return text === 'on' || text === 'off' ? text : undefined;
}

function failure(error: unknown): { code: string; detail: string } {
  return { code: errorCode(error) ?? 'unknown', detail: errorMessage(error) };
}
