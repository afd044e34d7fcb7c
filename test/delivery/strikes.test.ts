import assert from 'node:assert/strict';
import { createStrikes, type Strikes } from '../../src/delivery/strikes.ts';

const HEAD = { sequence: 1, requestId: 'a', bytes: 1 };
const NEXT = { sequence: 2, requestId: 'b', bytes: 1 };

describe('createStrikes()', () => {
  let strikes: Strikes;

  beforeEach(() => {
    strikes = createStrikes();
  });

  it('gives up one entry at its third strike, and says why', () => {
    assert.equal(strikes.count(HEAD, 'it was refused'), undefined);
    assert.equal(strikes.count(HEAD, 'it was refused'), undefined);
    assert.equal(strikes.count(HEAD, 'it was refused'), '3 times it was refused');
  });

  it('counts nothing without blame, and forgets nothing either', () => {
    strikes.count(HEAD, 'blame');
    strikes.count(HEAD, 'blame');
    for (let turn = 0; turn < 5; turn += 1) assert.equal(strikes.count(HEAD, undefined), undefined);
    assert.match(strikes.count(HEAD, 'blame') ?? '', /^3 times/);
  });

  it('starts again for another entry', () => {
    strikes.count(HEAD, 'blame');
    strikes.count(HEAD, 'blame');
    assert.equal(strikes.count(NEXT, 'blame'), undefined);
    assert.equal(strikes.count(NEXT, 'blame'), undefined);
  });

  it('starts again after a delivery', () => {
    strikes.count(HEAD, 'blame');
    strikes.count(HEAD, 'blame');
    strikes.forget();
    assert.equal(strikes.count(HEAD, 'blame'), undefined);
  });
});
