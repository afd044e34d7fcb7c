// Keeps the last classifications on disk, written in batches; after a power cut the last seconds may be missing.
import type { Clock } from '../support/clock.ts';
import { openDurableFolder, type DurableFolder } from '../support/durable-file.ts';
import { errorCode, errorMessage } from '../support/errors.ts';
import type { Log } from '../support/log.ts';
import { historyLine, type HistoryEntry } from './history-entry.ts';
import { HISTORY_FILE_BYTES_MAX, historyFileName, historyFiles, LINES_PER_FILE } from './history-folder.ts';

export interface HistoryWriter {
  add(entry: HistoryEntry): void;
  /** Writes what is not yet on disk. Never rejects; harmless twice. */
  close(): Promise<void>;
}

export interface HistoryDeps {
  /** Made when the first classification comes. */
  readonly folder: string;
  /** How many entries are kept at least; up to one file more. */
  readonly maxEntries: number;
  readonly clock: Clock;
  readonly log: Log;
}

// A card wears by the write: a camera that takes a picture a second costs it no more than one in ten seconds.
const WRITE_INTERVAL_MS = 10_000;

export function createHistory(deps: HistoryDeps): HistoryWriter {
  const { maxEntries, clock, log } = deps;
  const waiting: string[] = [];
  let file: CurrentFile | undefined;
  let failing = false;
  let writtenMs = -Infinity;
  let cancel: (() => void) | undefined;
  let working: Promise<void> = Promise.resolve();

  const keep = (line: string): void => {
    waiting.push(line);
    if (waiting.length > maxEntries) waiting.shift(); // the disk refuses writes, or a flood outruns them
  };
  const write = async (): Promise<void> => {
    writtenMs = clock.monotonicMs();
    try {
      file ??= await openHistory(deps.folder);
      while (waiting.length > 0) file = await writeSome(file, waiting, maxEntries);
      if (failing) log.info('storage.recovered', { folder: deps.folder });
      failing = false;
    } catch (error) {
      file = undefined; // what is on disk is looked at afresh
      const level = failing ? 'debug' : 'warn'; // one line when it begins, one when it ends
      failing = true;
      log[level]('storage.failing', {
        ...{ folder: deps.folder, code: errorCode(error) ?? 'unknown', detail: errorMessage(error) },
        concerns: 'the history of results, nothing else',
      });
    }
  };
  const writeNow = (): Promise<void> => {
    cancel?.();
    cancel = undefined;
    working = working.then(() => (waiting.length > 0 ? write() : undefined));
    return working;
  };

  return {
    add(entry) {
      keep(historyLine(entry));
      cancel ??= clock.timer(Math.max(0, writtenMs + WRITE_INTERVAL_MS - clock.monotonicMs()), () => {
        void writeNow();
      });
    },
    close: writeNow,
  };
}

/** The newest file: lines are added to it by writing it anew, until it is full. */
interface CurrentFile {
  readonly folder: DurableFolder;
  readonly number: number;
  readonly lines: readonly string[];
}

/** Goes on where the last run ended, so that all files but the newest are full. */
async function openHistory(path: string): Promise<CurrentFile> {
  const folder = await openDurableFolder(path);
  const newest = (await historyFiles(path)).at(-1);
  if (newest === undefined) return { folder, number: 0, lines: [] };
  const bytes = await folder.read(historyFileName(newest), HISTORY_FILE_BYTES_MAX);
  const lines =
    Buffer.from(bytes ?? [])
      .toString('utf8')
      .match(/[^\n]+(?:\n|$)/g) ?? [];
  const goesOn =
    lines.length > 0 && lines.length < LINES_PER_FILE && lines.every((line) => line.endsWith('\n'));
  return { folder, ...(goesOn ? { number: newest, lines } : { number: newest + 1, lines: [] }) };
}

/** Moves lines from `waiting` into the current file, as many as it takes; the file that is current afterwards. */
async function writeSome(file: CurrentFile, waiting: string[], maxEntries: number): Promise<CurrentFile> {
  const { folder, number } = file;
  const batch = waiting.splice(0, LINES_PER_FILE - file.lines.length);
  const lines = [...file.lines, ...batch];
  try {
    await folder.write(
      historyFileName(number),
      lines.map((line) => Buffer.from(line)),
    );
  } catch (error) {
    waiting.unshift(...batch);
    throw error;
  }
  // One more than needed: the newest is seldom full.
  const old = (await historyFiles(folder.path)).slice(0, -(Math.ceil(maxEntries / LINES_PER_FILE) + 1));
  await Promise.all(old.map((each) => folder.remove(historyFileName(each))));
  return lines.length < LINES_PER_FILE
    ? { folder, number, lines }
    : { folder, number: number + 1, lines: [] };
}
