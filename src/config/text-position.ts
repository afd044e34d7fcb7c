// Finds line and column of an offset in a text; it reads no text twice.

/** Both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Offsets at which the lines of `text` begin. */
export function startsOfLines(text: string): readonly number[] {
  return [0, ...Array.from(text.matchAll(/\r\n|\r|\n/g), (found) => found.index + found[0].length)];
}

/** By bisection: a file may hold a hundred thousand keys. */
export function positionIn(lineStarts: readonly number[], offset: number): Place {
  let [low, high] = [0, lineStarts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: Math.max(offset, 0) - (lineStarts[low] ?? 0) + 1 };
}
