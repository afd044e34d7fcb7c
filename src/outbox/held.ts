// What lies in quarantine, in memory, and under which names; it touches no file.
import { entryFileName, parseEntryFileName, type DoomedFile } from './entry-file.ts';

/** What the name of the file with the reason ends in; it lies beside the quarantined file. */
export const REASON_SUFFIX = '.reason';

export interface QuarantineBounds {
  /** The oldest goes beyond that, entries as a recorded drop; -1 = no bound. */
  readonly maxFiles: number;
  /** Of payload, as entries' names say it; files of others count by their number alone. -1 = no bound. */
  readonly maxBytes: number;
}

/** A dropped one between its new name and its end. */
export interface LeavingFile extends DoomedFile {
  /** Whether the drop is in the log: once is enough, however often the disk refuses the removal. */
  told: boolean;
}

/** Names in order of arrival. */
export class Held {
  readonly names = new Set<string>();
  readonly leaving: LeavingFile[] = [];
  /** Reasons found without their entry. */
  readonly orphans: string[] = [];
  #bytes = 0;

  add(name: string): void {
    this.names.add(name);
    this.#bytes += parseEntryFileName(name)?.bytes ?? 0;
  }

  delete(name: string): void {
    if (this.names.delete(name)) this.#bytes -= parseEntryFileName(name)?.bytes ?? 0;
  }

  isOver({ maxFiles, maxBytes }: QuarantineBounds): boolean {
    return (maxFiles >= 0 && this.names.size > maxFiles) || (maxBytes >= 0 && this.#bytes > maxBytes);
  }

  lastSequence(): number {
    return [...this.names].reduce((last, name) => Math.max(last, parseEntryFileName(name)?.sequence ?? 0), 0);
  }

  /** rename(2) would put the new file in the place of one that is evidence. */
  freeName(name: string): string {
    if (!this.names.has(name) && !name.endsWith(REASON_SUFFIX)) return name;
    const entry = parseEntryFileName(name);
    // An entry stays one under its new name, so that a person can have it sent after all.
    if (entry !== undefined) return entryFileName({ ...entry, sequence: this.lastSequence() + 1 });
    // Short enough for another suffix: a file name has at most 255 bytes.
    const stem = name.slice(0, NAME_CHARACTERS_MAX);
    let number = 2;
    while (this.names.has(`${stem}.${number}`)) number += 1;
    return `${stem}.${number}`;
  }
}

const NAME_CHARACTERS_MAX = 50;
