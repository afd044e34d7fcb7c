// Says which classifications are worth a line, as DL Streamer's classification filter does; it drops none of them.
import type { Classification } from '../domain.ts';
import { escapeInvisible } from '../support/visible-text.ts';

/** Labels that matter, each with the lowest confidence that does. */
export interface ResultFilter {
  readonly labelScore: Readonly<Record<string, number>>;
}

export function createResultFilter(filter: ResultFilter | null): (seen: Classification) => boolean {
  if (filter === null) return () => true;
  // A map: a label named `constructor` or `__proto__` finds nothing that nobody wrote.
  const lowest = new Map(
    Object.entries(filter.labelScore).map(([label, score]) => [escapeInvisible(label), score]),
  );
  return ({ label, confidence }) => confidence >= (lowest.get(label) ?? Infinity);
}
