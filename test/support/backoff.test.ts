import assert from 'node:assert/strict';
import { backoffDelayMs, type BackoffPolicy } from '../../src/support/backoff.ts';
import { createRandom } from '../../src/support/random.ts';

const DRAWS = 10_000;
const BUCKETS = 10;
const POLICY: BackoffPolicy = { baseSeconds: 1, maxSeconds: 32, jitter: 'full', spreadSeconds: 5 };

describe('backoffDelayMs()', () => {
  for (const attempt of [30, 31, 1000, 1e9]) {
    it(`stays at the maximum at attempt ${attempt}`, () => {
      assert.equal(
        backoffDelayMs({ ...POLICY, jitter: 'none' }, attempt, () => 0.5),
        32_000,
      );
    });
  }

  const ceilings: readonly [attempt: number, ceilingMs: number][] = [
    [0, 5000],
    [1, 2000],
    [2, 4000],
    [4, 16_000],
    [5, 32_000],
    [9, 32_000],
  ];
  for (const [attempt, ceilingMs] of ceilings) {
    it(`draws uniformly below ${ceilingMs} ms at attempt ${attempt}`, () => {
      const random = createRandom();
      const counts = new Array<number>(BUCKETS).fill(0);
      let sumMs = 0;
      for (let draw = 0; draw < DRAWS; draw += 1) {
        const delayMs = backoffDelayMs(POLICY, attempt, () => random.fraction());
        const bucket = Math.floor((delayMs / ceilingMs) * BUCKETS);
        assert.ok(bucket >= 0 && bucket < BUCKETS, `${delayMs} ms`);
        counts[bucket] = (counts[bucket] ?? 0) + 1;
        sumMs += delayMs;
      }
      // The mean of 10,000 uniform draws deviates by 0.3 % of the range; six deviations again.
      assert.ok(Math.abs(sumMs / DRAWS / ceilingMs - 0.5) < 0.018, `mean ${sumMs / DRAWS} ms`);
      // 1000 a bucket with a deviation of 30; six deviations do not happen by chance.
      for (const count of counts) assert.ok(Math.abs(count - DRAWS / BUCKETS) < 180, counts.join(' '));
    });
  }

  it('starts with the base where there is no spread', () => {
    assert.equal(
      backoffDelayMs({ ...POLICY, jitter: 'none', spreadSeconds: 0 }, 0, () => 0.5),
      1000,
    );
  });
});
