// What the oracle broker remembers over its own kill -9: one line an arrival, on disk before anybody is answered.
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

export interface RequestArrival {
  readonly kind: 'request';
  /** Of the payload or the correlation data; null where neither holds one. */
  readonly requestId: string | null;
  readonly sha256: string;
  readonly bytes: number;
  readonly time: string;
  /** Of the broker's life. */
  readonly connection: number;
  readonly qos: number;
  readonly dup: boolean;
  readonly packetId: number | null;
}

export interface ConnectArrival {
  readonly kind: 'connect';
  readonly clientId: string;
  readonly version: number;
  readonly time: string;
  readonly connection: number;
}

export type JournalLine = RequestArrival | ConnectArrival;

export interface Journal {
  /** Returns when the line is on disk. */
  write(line: JournalLine): void;
  close(): void;
}

/** Appends to what is there. */
export function openJournal(path: string): Journal {
  const file = openSync(path, 'a');
  writeSync(file, '\n'); // ends a line that a kill has torn
  return {
    write(line) {
      writeSync(file, `${JSON.stringify(line)}\n`);
      fsyncSync(file);
    },
    close() {
      closeSync(file);
    },
  };
}

/** A torn line is left out: its PUBLISH was never acknowledged, so it is no evidence. */
export function readJournal(path: string): JournalLine[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as JournalLine];
      } catch {
        return [];
      }
    });
}
