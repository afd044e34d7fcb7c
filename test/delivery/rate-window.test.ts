import assert from 'node:assert/strict';
import { createRateWindow } from '../../src/delivery/rate-window.ts';

describe('createRateWindow()', () => {
  const cases: readonly { what: string; sizes: readonly number[]; atMs: readonly number[] }[] = [
    { what: 'the third of three messages a second late', sizes: [1, 1, 1, 1], atMs: [0, 0, 0, 1000] },
    { what: 'what would exceed the bytes of a second', sizes: [600, 400, 1], atMs: [0, 0, 1000] },
    {
      what: 'a message until enough of the older ones are a second old',
      sizes: [500, 500, 900],
      atMs: [0, 0, 1000],
    },
    {
      what: 'a message larger than a second allows until it is alone',
      sizes: [1, 5000, 1],
      atMs: [0, 1000, 2000],
    },
  ];
  for (const { what, sizes, atMs } of cases) {
    it(`delays ${what}`, () => {
      const rate = createRateWindow({ messagesPerSecond: 3, bytesPerSecond: 1000 });
      let nowMs = 0;
      const sentAtMs = sizes.map((bytes) => {
        for (let waitMs = rate.take(bytes, nowMs); waitMs > 0; waitMs = rate.take(bytes, nowMs))
          nowMs += waitMs;
        return nowMs;
      });
      assert.deepEqual(sentAtMs, atMs);
    });
  }

  it('keeps every window of a second within both limits, and loses no time: 1,000 pictures of 96 kB', () => {
    const bytesPerSecond = 512 * 1024;
    const rate = createRateWindow({ messagesPerSecond: 100, bytesPerSecond });
    const sent: { atMs: number; bytes: number }[] = [];
    let nowMs = 0;
    for (let at = 0; at < 1000; at += 1) {
      const bytes = at % 10 === 0 ? 200 : 96_000;
      for (let waitMs = rate.take(bytes, nowMs); waitMs > 0; waitMs = rate.take(bytes, nowMs))
        nowMs += waitMs;
      sent.push({ atMs: nowMs, bytes });
      nowMs += 7; // an acknowledgement
    }
    for (const { atMs } of sent) {
      const within = sent.filter((one) => one.atMs >= atMs && one.atMs < atMs + 1000);
      assert.ok(within.length <= 100);
      assert.ok(within.reduce((sum, { bytes }) => sum + bytes, 0) <= bytesPerSecond);
    }
    const leastMs = (900 / 5 - 1) * 1000; // five of them fit a second, and the last five wait for nobody
    assert.ok(nowMs >= leastMs && nowMs < leastMs * 1.1, `${nowMs} ms`);
  });
});
