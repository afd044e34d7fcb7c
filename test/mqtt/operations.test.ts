import assert from 'node:assert/strict';
import { createOperations, type Operation } from '../../src/mqtt/operations.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';

const publish = (what: string): Operation => ({ kind: 'publish', topics: [what], what });

describe('createOperations()', () => {
  it('names nothing where nothing is in hand', () => {
    const operations = createOperations(createFakeClock());
    assert.equal(operations.inHand(), undefined);
    operations.begin(publish('a'))('answered');
    assert.equal(operations.inHand(), undefined);
  });

  it('names what is unanswered, three at most', () => {
    const operations = createOperations(createFakeClock());
    const [endFirst] = ['a', 'b', 'c', 'd'].map((what) => operations.begin(publish(what)));
    assert.equal(operations.inHand(), 'a and b and c');
    assert.equal(operations.suspect()?.what, 'a');
    endFirst?.('answered');
    assert.equal(operations.inHand(), 'b and c and d');
  });

  it('names a publish of QoS 0 for a second, and what waits for an answer before it', async () => {
    const clock = createFakeClock();
    const operations = createOperations(clock);
    operations.begin(publish('sent'))('unanswered');
    const end = operations.begin(publish('waits'));
    assert.equal(operations.inHand(), 'waits');
    end('answered');
    await clock.advance(1000);
    assert.equal(operations.inHand(), 'sent');
    await clock.advance(1);
    assert.equal(operations.inHand(), undefined);
  });
});
