// Says which label of a result is worth a line, as DL Streamer's filter of metadata does; it drops none of them.
import type { Classification } from '../domain.ts';
import { escapeInvisible } from '../support/visible-text.ts';

export interface ResultFilter {
  /** `classification`: the surest label alone counts. `detection`: any label does, for a picture holds several things. */
  readonly type: 'classification' | 'detection';
  /** Labels that matter, each with the lowest confidence that does. */
  readonly labelScore: Readonly<Record<string, number>>;
}

/** What a result says: its surest label, and all of them where there are more. */
export interface Labelled {
  readonly classification: Classification;
  readonly labels?: readonly Classification[];
}

/** The label to tell of; `undefined` where none is worth a line. */
export type ResultChoice = (result: Labelled) => Classification | undefined;

export function createResultFilter(filter: ResultFilter | null): ResultChoice {
  if (filter === null) return ({ classification }) => classification;
  // A map: a label named `constructor` or `__proto__` finds nothing that nobody wrote.
  const lowest = new Map(
    Object.entries(filter.labelScore).map(([label, score]) => [escapeInvisible(label), score]),
  );
  const { type } = filter;
  return ({ classification, labels = [classification] }) => {
    const counted = type === 'detection' ? labels : [classification];
    return surest(counted.filter(({ label, confidence }) => confidence >= (lowest.get(label) ?? Infinity)));
  };
}

/** The first of several that are equally sure. */
export function surest(labels: readonly Classification[]): Classification | undefined {
  return labels.reduce<Classification | undefined>(
    (best, one) => (best === undefined || one.confidence > best.confidence ? one : best),
    undefined,
  );
}
