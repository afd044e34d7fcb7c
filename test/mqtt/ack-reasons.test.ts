import assert from 'node:assert/strict';
import { ackReasons } from '../../src/mqtt/ack-reasons.ts';

const reasons = ackReasons({ 135: 'Not authorized', 143: 'Topic Filter invalid' });
const error = new Error('what the library says');
const properties = { reasonString: 'ask the administrator' };

describe('ackReasons()', () => {
  it('has the words of the library where the broker says nothing', () => {
    assert.equal(reasons.publishRefusal(error, undefined), 'what the library says');
    assert.equal(reasons.publishRefusal(error, { properties: { reasonString: 7 } }), 'what the library says');
    assert.equal(reasons.subscribeRefusal(error, ['a', 'b'], undefined), 'a, b: what the library says');
  });

  it("adds the broker's own words", () => {
    assert.equal(
      reasons.publishRefusal(error, { properties }),
      'what the library says: ask the administrator',
    );
    assert.equal(
      reasons.disconnectProblem({ reasonCode: 135, ...{ properties } }).detail,
      'reason code 135, Not authorized: ask the administrator',
    );
  });

  it('names the filters that were refused, and none that was granted', () => {
    assert.equal(
      reasons.subscribeRefusal(error, ['a', 'b', 'c'], { granted: [135, 1, 143] }),
      'a: reason code 135, Not authorized; c: reason code 143, Topic Filter invalid',
    );
  });
});
