// Finds the right name nearest to a wrong one: for keys, variables, commands and flags. It corrects nothing by itself.

/**
 * The nearest of `names`, or `undefined` where none is near. A name that differs only in case or separators, or whose
 * last segment is the wrong name (`url` for `mqtt.url`), is nearest; then the one with the fewest edits, at most a third of
 * its length.
 */
export function nearestName(wrong: string, names: Iterable<string>): string | undefined {
  if (wrong.length > LONGEST_NAME) return undefined;
  const plain = folded(wrong);
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of names) {
    const distance = Math.min(
      edits(plain, folded(name)),
      lastSegmentDistance(wrong, name),
      beginningDistance(plain, name),
    );
    if (distance <= mostEdits(plain) && distance < (best?.distance ?? Infinity)) best = { name, distance };
  }
  return best?.name;
}

// No name of ours is half as long; it bounds the work on names that somebody else chose.
const LONGEST_NAME = 128;

function mostEdits(name: string): number {
  return Math.max(1, Math.floor(name.length / 3));
}

function folded(name: string): string {
  return name.toLowerCase().replace(/[-_. ]/g, '');
}

// A right last segment names its key, but less surely than the whole name does.
function lastSegmentDistance(wrong: string, name: string): number {
  const last = (text: string): string => folded(text.slice(text.lastIndexOf('.') + 1));
  return last(wrong) === last(name) ? 0.5 : Infinity;
}

// Units stand last in our names and are the first thing to be forgotten: `keepalive` for `keepaliveSeconds`.
function beginningDistance(plain: string, name: string): number {
  return plain.length >= BEGINNING_LENGTH_MIN && folded(name).startsWith(plain) ? 0.75 : Infinity;
}

const BEGINNING_LENGTH_MIN = 4;

/** Levenshtein distance, with a swap of two neighbours as one edit. */
function edits(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        at(current, column - 1) + 1,
        at(last, column) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, column - 2) + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
