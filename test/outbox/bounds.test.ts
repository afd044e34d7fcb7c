import assert from 'node:assert/strict';
import { admitEntry, type Admission, type Occupancy, type OutboxBounds } from '../../src/outbox/bounds.ts';

const FREE: Occupancy = { entries: 0, bytes: 0, freeBytes: 1_000_000 };
const BOUNDS: OutboxBounds = {
  maxEntries: 5,
  maxBytes: 1000,
  maxAgeSeconds: 0,
  minFreeBytes: 10_000,
  whenFull: 'dropNewest',
};

const refused = (reason: 'outboxFull' | 'diskFull'): Admission => ({ kind: 'refused', reason });
const dropOldest = (reason: 'outboxFull' | 'diskFull'): Admission => ({ kind: 'dropOldest', reason });
const ADMITTED: Admission = { kind: 'admitted' };

interface Case {
  readonly what: string;
  readonly bounds?: Partial<OutboxBounds>;
  readonly occupancy?: Partial<Occupancy>;
  readonly bytes?: number;
  readonly offline?: true;
  /** With `dropNewest`, and with `dropOldest`. */
  readonly expected: readonly [Admission, Admission];
}

const cases: readonly Case[] = [
  {
    what: 'the sixth of five',
    occupancy: { entries: 5, bytes: 50 },
    expected: [refused('outboxFull'), dropOldest('outboxFull')],
  },
  {
    what: 'one byte over the bytes bound',
    occupancy: { entries: 1, bytes: 991 },
    expected: [refused('outboxFull'), dropOldest('outboxFull')],
  },
  {
    what: 'a request larger than the whole bound',
    occupancy: { entries: 1, bytes: 10 },
    bytes: 1001,
    expected: [refused('outboxFull'), refused('outboxFull')],
  },
  {
    what: 'such a request in an empty outbox',
    bytes: 1001,
    expected: [refused('outboxFull'), refused('outboxFull')],
  },
  {
    what: 'one byte under the free disk bound, where the oldest would make room',
    occupancy: { entries: 1, bytes: 10, freeBytes: 10_009 },
    expected: [refused('diskFull'), dropOldest('diskFull')],
  },
  {
    what: 'a disk that others filled, where dropping everything would not make room',
    occupancy: { entries: 3, bytes: 30, freeBytes: 5000 },
    expected: [refused('diskFull'), refused('diskFull')],
  },
  {
    what: 'a full disk and an empty outbox',
    occupancy: { freeBytes: 10_009 },
    expected: [refused('diskFull'), refused('diskFull')],
  },
  {
    what: 'the first request while offline, where nothing is kept',
    bounds: { maxEntries: 0 },
    offline: true,
    expected: [refused('outboxFull'), refused('outboxFull')],
  },
  {
    what: 'the second request at once while online, where nothing is kept',
    bounds: { maxEntries: 0 },
    occupancy: { entries: 1, bytes: 10 },
    expected: [refused('outboxFull'), dropOldest('outboxFull')],
  },
  {
    what: 'the first request while online, where nothing is kept',
    bounds: { maxEntries: 0 },
    expected: [ADMITTED, ADMITTED],
  },
  {
    what: 'the fifth of five',
    occupancy: { entries: 4, bytes: 40 },
    offline: true,
    expected: [ADMITTED, ADMITTED],
  },
  {
    what: 'the last byte of the bytes bound',
    occupancy: { entries: 1, bytes: 990 },
    expected: [ADMITTED, ADMITTED],
  },
  {
    what: 'the last byte above the free disk bound',
    occupancy: { freeBytes: 10_010 },
    expected: [ADMITTED, ADMITTED],
  },
  {
    what: 'anything without bounds',
    bounds: { maxEntries: -1, maxBytes: -1, minFreeBytes: 0 },
    occupancy: { entries: 1_000_000, bytes: 1e12, freeBytes: 10 },
    expected: [ADMITTED, ADMITTED],
  },
];

describe('admitEntry()', () => {
  for (const { what, bounds, occupancy, bytes = 10, offline, expected } of cases) {
    (['dropNewest', 'dropOldest'] as const).forEach((whenFull, index) => {
      it(`answers ${expected[index]?.kind ?? ''} for ${what} with ${whenFull}`, () => {
        const admission = admitEntry(
          { ...BOUNDS, ...bounds, whenFull },
          { ...FREE, ...occupancy },
          { bytes, online: offline !== true },
        );
        assert.deepEqual(admission, expected[index]);
      });
    });
  }
});
