import assert from 'node:assert/strict';
import { createLineLimit, type LineLimit } from '../../src/support/line-limit.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';

interface Bench {
  readonly clock: FakeClock;
  readonly limit: LineLimit;
  /** Single lines by their word, summaries as they are. */
  readonly lines: unknown[];
}

function create(): Bench {
  const clock = createFakeClock();
  const lines: unknown[] = [];
  return { clock, lines, limit: createLineLimit({ clock, onSummary: (summary) => lines.push(summary) }) };
}

function note({ limit, lines }: Bench, word: string, count = 1): void {
  for (let n = 0; n < count; n += 1) limit.note(word, () => lines.push(word));
}

describe('createLineLimit()', () => {
  it('tells a flood that goes on in one summary a second, after its first ten lines', async () => {
    const bench = create();
    for (let second = 0; second < 4; second += 1) {
      note(bench, 'a', 30);
      note(bench, 'b', 70);
      await bench.clock.advance(1000);
    }
    assert.deepEqual(bench.lines.slice(0, 11), [
      ...Array<string>(10).fill('a'),
      { count: 90, byWord: { a: 20, b: 70 } },
    ]);
    assert.deepEqual(bench.lines.slice(11), Array(3).fill({ count: 100, byWord: { a: 30, b: 70 } }));
    assert.deepEqual(bench.limit.totals(), { a: 120, b: 280 });
  });

  it('has single lines again after a second of silence, and no timer in one', async () => {
    const bench = create();
    note(bench, 'a', 11);
    await bench.clock.advance(2000);
    assert.equal(bench.clock.timers(), 0);
    note(bench, 'b');
    await bench.clock.advance(60_000);
    assert.deepEqual(bench.lines.slice(-2), [{ count: 1, byWord: { a: 1 } }, 'b']);
    assert.equal(bench.clock.timers(), 0);
  });

  it('tells each of ten in a second by itself, second after second', async () => {
    const bench = create();
    for (let second = 0; second < 3; second += 1) {
      note(bench, 'a', 10);
      await bench.clock.advance(1000);
    }
    assert.deepEqual(bench.lines, Array(30).fill('a'));
  });

  it('tells at the end what no summary told, once, and leaves no timer', () => {
    const bench = create();
    note(bench, 'a', 12);
    bench.limit.flush();
    bench.limit.flush();
    assert.deepEqual(bench.lines.slice(10), [{ count: 2, byWord: { a: 2 } }]);
    assert.equal(bench.clock.timers(), 0);
  });
});
