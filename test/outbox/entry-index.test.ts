// The order of the entries in memory while they come, go from either end and stand aside.
import assert from 'node:assert/strict';
import type { Entry } from '../../src/domain.ts';
import { EntryIndex } from '../../src/outbox/entry-index.ts';
import { fixedUuid } from '../helpers/fixed-random.ts';

const ENTRIES = 5000;

function entryOf(sequence: number): Entry {
  return { sequence, requestId: fixedUuid(sequence), bytes: 10 };
}

describe('EntryIndex', () => {
  let index: EntryIndex;

  beforeEach(() => {
    index = new EntryIndex();
    for (let sequence = 1; sequence <= ENTRIES; sequence += 1) index.add(entryOf(sequence));
  });

  /** Takes the rest, first things first. */
  function drain(): readonly number[] {
    const sequences: number[] = [];
    for (let entry = index.next(0); entry !== undefined; entry = index.next(0)) {
      sequences.push(entry.sequence);
      index.delete(entry);
    }
    return sequences;
  }

  const range = (from: number, to: number, step = 1): readonly number[] =>
    Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + at * step);

  it('keeps its order where most of them went from the middle', () => {
    for (const sequence of range(2, ENTRIES).filter((it) => it % 10 !== 1)) index.delete(entryOf(sequence));
    assert.deepEqual(
      index.following(entryOf(1), 2).map(({ sequence }) => sequence),
      [11, 21],
    );
    index.add(entryOf(ENTRIES + 1));
    assert.equal(index.victim(undefined, 0)?.sequence, 1);
    assert.deepEqual(drain(), [...range(1, ENTRIES, 10), ENTRIES + 1]);
    assert.deepEqual(index.counts(), { entries: 0, bytes: 0 });
  });

  it('names what comes behind the first, also after thousands went before it', () => {
    for (const sequence of range(1, ENTRIES - 3)) index.delete(entryOf(sequence));
    assert.equal(index.next(0)?.sequence, ENTRIES - 2);
    assert.deepEqual(
      index.following(entryOf(ENTRIES - 2), 5).map(({ sequence }) => sequence),
      [ENTRIES - 1, ENTRIES],
    );
  });

  it('counts an entry once that could not be dropped, and gives it after the others', () => {
    const first = entryOf(1);
    index.delete(first);
    index.dropFailed(first, 0);
    assert.deepEqual(index.counts(), { entries: ENTRIES, bytes: ENTRIES * 10 });
    assert.equal(index.victim(undefined, 0)?.sequence, 2);
    assert.deepEqual(drain(), [...range(2, ENTRIES), 1]);
    assert.deepEqual(index.counts(), { entries: 0, bytes: 0 });
  });
});
