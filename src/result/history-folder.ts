// Reads the folder of the history: numbered files of a few lines each, oldest first. It writes nothing.
import { join } from 'node:path';
import { listFolder, readBoundedFile } from '../support/files.ts';
import { parseHistoryLine, type HistoryEntry } from './history-entry.ts';

/** As many lines as usually fit into one 4 KiB block, the least that a card writes: rewriting costs what appending would. */
export const LINES_PER_FILE = 16;
/** Labels are at most 256 characters, each at most 6 bytes as an escape; whatever is longer was not written by us. */
export const HISTORY_FILE_BYTES_MAX = 64 * 1024;

export interface StoredEntry {
  readonly entry: HistoryEntry;
  /** Orders entries, and names one for as long as it is kept: file number times `LINES_PER_FILE`, plus line. */
  readonly position: number;
}

export interface History {
  /** Oldest first. */
  readonly entries: readonly StoredEntry[];
  /** Lines and files that could not be read. */
  readonly damaged: number;
}

/** The last `limit` entries after a position. Rejects with an OperatingError where the folder may not be read. */
export async function readHistory(
  folder: string,
  { limit, after = -1 }: { readonly limit: number; readonly after?: number },
): Promise<History> {
  const oldest = Math.floor((after + 1) / LINES_PER_FILE);
  const numbers = (await historyFiles(folder)).filter((number) => number >= oldest);
  let [entries, damaged]: [StoredEntry[], number] = [[], 0];
  while (entries.length < limit) {
    const number = numbers.pop();
    if (number === undefined) break;
    const file = await readHistoryFile(folder, number);
    damaged += file.damaged;
    entries = [...file.entries.filter(({ position }) => position > after), ...entries];
  }
  return { entries: limit === 0 ? [] : entries.slice(-limit), damaged };
}

/** File numbers, in order; none where there is no such folder. */
export async function historyFiles(folder: string): Promise<number[]> {
  return (await listFolder(folder)).flatMap((name) => (NAME.test(name) ? [Number.parseInt(name, 10)] : []));
}

export function historyFileName(number: number): string {
  return `${String(number).padStart(NUMBER_DIGITS, '0')}.jsonl`;
}

const NUMBER_DIGITS = 12; // 16 lines a file, one a second: enough for half a million years, and exact as a number
const NAME = /^\d{12}\.jsonl$/;

async function readHistoryFile(folder: string, number: number): Promise<History> {
  const file = await readBoundedFile(join(folder, historyFileName(number)), HISTORY_FILE_BYTES_MAX);
  if (file.kind === 'absent') return { entries: [], damaged: 0 }; // the daemon let it go meanwhile
  if (file.kind !== 'read') return { entries: [], damaged: 1 };
  const lines = Buffer.from(file.bytes).toString('utf8').split('\n').slice(0, LINES_PER_FILE);
  const parsed = lines.filter((line) => line !== '').map(parseHistoryLine);
  return {
    entries: parsed.flatMap((entry, line) =>
      entry === undefined ? [] : [{ entry, position: number * LINES_PER_FILE + line }],
    ),
    damaged: parsed.filter((entry) => entry === undefined).length,
  };
}
