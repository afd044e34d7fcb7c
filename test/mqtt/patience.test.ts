// On a slow uplink a large request has to get through in the end, and a silent broker is still noticed in bounded time.
import assert from 'node:assert/strict';
import { createPatience } from '../../src/mqtt/patience.ts';

const ACK_MS = 20_000;
const BYTES = 128_000;

/** The number of tries that a request needs on a link of so many bytes a second; `undefined` after 20. */
function triesAt(bytesPerSecond: number): number | undefined {
  const patience = createPatience();
  const takesMs = (BYTES / bytesPerSecond) * 1000;
  for (let tries = 1; tries <= 20; tries += 1) {
    const waitMs = ACK_MS + patience.extraMs(BYTES);
    if (takesMs <= waitMs) return tries;
    patience.timedOut(BYTES, waitMs);
  }
  return undefined;
}

describe('createPatience()', () => {
  for (const [bytesPerSecond, tries] of [
    [100_000, 1],
    [6_000, 2],
    [2_000, 3],
    [1_000, 3],
    [500, undefined],
  ] as const) {
    it(`lets 128 kB through at ${bytesPerSecond} bytes a second in ${tries ?? 'no number of'} tries`, () => {
      assert.equal(triesAt(bytesPerSecond), tries);
    });
  }

  it('never waits longer than a kilobyte a second takes', () => {
    const patience = createPatience();
    for (let turn = 0; turn < 50; turn += 1) patience.timedOut(BYTES, 600_000);
    assert.equal(patience.extraMs(BYTES), 128_000);
  });

  it('learns nothing from small messages', () => {
    const patience = createPatience();
    patience.timedOut(200, ACK_MS);
    assert.equal(patience.extraMs(BYTES), 0);
  });

  it('comes back to twice what an answer took', () => {
    const patience = createPatience();
    patience.timedOut(BYTES, ACK_MS);
    assert.equal(patience.extraMs(BYTES), 2 * ACK_MS);
    patience.answered(BYTES, 1000);
    assert.equal(patience.extraMs(BYTES), 2000);
  });
});
