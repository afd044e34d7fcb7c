// When a request is given up, and when its broker is not to be believed.
import assert from 'node:assert/strict';
import { createStrikes, type Strike, type Strikes } from '../../src/delivery/strikes.ts';

const HEAD = { sequence: 1, requestId: 'a', bytes: 1 };
const NEXT = { sequence: 2, requestId: 'b', bytes: 1 };
const REFUSAL: Strike = { reason: 'it was refused', evidence: 'refusal', flightMs: 20 };
const closeAfter = (flightMs: number): Strike => ({ reason: 'it closed', evidence: 'close', flightMs });

const AGAIN = { kind: 'again' };

describe('createStrikes()', () => {
  let strikes: Strikes;

  beforeEach(() => {
    strikes = createStrikes();
  });

  for (const strike of [REFUSAL, closeAfter(20)]) {
    it(`gives up one entry at its third ${strike.evidence}, and says why`, () => {
      assert.deepEqual(strikes.count(HEAD, strike), AGAIN);
      assert.deepEqual(strikes.count(HEAD, strike), AGAIN);
      assert.deepEqual(strikes.count(HEAD, strike), {
        kind: 'quarantine',
        reason: `3 times ${strike.reason}`,
      });
    });
  }

  it('starts again for another entry', () => {
    strikes.count(HEAD, REFUSAL);
    strikes.count(HEAD, REFUSAL);
    assert.deepEqual(strikes.count(NEXT, REFUSAL), AGAIN);
    assert.deepEqual(strikes.count(NEXT, REFUSAL), AGAIN);
  });

  it('starts again after a delivery', () => {
    strikes.count(HEAD, REFUSAL);
    strikes.count(HEAD, REFUSAL);
    strikes.forget();
    assert.deepEqual(strikes.count(HEAD, REFUSAL), AGAIN);
  });

  it('starts again when a link ended without the entry, and only then for that entry', () => {
    strikes.count(HEAD, closeAfter(20));
    strikes.count(HEAD, closeAfter(20));
    strikes.acquit(NEXT);
    assert.notEqual(strikes.probeMs(HEAD), 0);
    strikes.acquit(HEAD);
    assert.equal(strikes.probeMs(HEAD), 0);
    assert.deepEqual(strikes.count(HEAD, closeAfter(20)), AGAIN);
  });

  it('doubts its judgement after the third in a row, until the broker takes a request', () => {
    const kinds = (): readonly string[] => {
      const entry = { sequence: (sequence += 1), requestId: 'c', bytes: 1 };
      return [1, 2, 3].map(() => strikes.count(entry, REFUSAL).kind);
    };
    let sequence = 10;
    for (let at = 0; at < 3; at += 1) assert.deepEqual(kinds(), ['again', 'again', 'quarantine']);
    assert.deepEqual(kinds(), ['doubt', 'doubt', 'doubt']);
    strikes.forget();
    assert.deepEqual(kinds(), ['again', 'again', 'quarantine']);
  });

  const probes: readonly { what: string; before: readonly Strike[]; probeMs: number }[] = [
    { what: 'an entry that was never turned away', before: [], probeMs: 0 },
    { what: 'an entry after one close, which any restart makes', before: [closeAfter(20)], probeMs: 0 },
    { what: 'an entry that was only refused', before: [REFUSAL, REFUSAL], probeMs: 0 },
    { what: 'an entry after two quick closes', before: [closeAfter(20), closeAfter(30)], probeMs: 5000 },
    { what: 'eight flights of the longest', before: [closeAfter(4000), closeAfter(1000)], probeMs: 32_000 },
    { what: 'an entry after a close and a refusal', before: [closeAfter(20), REFUSAL], probeMs: 5000 },
  ];
  for (const { what, before, probeMs } of probes) {
    it(`asks for a link of ${probeMs} ms without ${what}`, () => {
      for (const strike of before) strikes.count(HEAD, strike);
      assert.equal(strikes.probeMs(HEAD), probeMs);
      assert.equal(strikes.probeMs(NEXT), 0);
    });
  }
});
