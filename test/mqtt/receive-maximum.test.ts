// The broker's Receive Maximum, which MQTT.js reads and does not keep.
import assert from 'node:assert/strict';
import { createFlightWindow } from '../../src/mqtt/flight-window.ts';
import { settle } from '../helpers/fake-clock.ts';
import { Scope } from '../helpers/scope.ts';
import { startOracle } from '../oracle/start-oracle.ts';
import { message, openedLink } from './link-bench.ts';

const REQUEST = 'device/image/request';

describe('Link', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  it('keeps no more publishes unacknowledged than the broker takes', async () => {
    // It ends a connection that has more in flight with reason code 147.
    const oracle = await startOracle(scope, { modes: { receiveMaximum: 2, latePubackMs: 20 } });
    const { link } = await openedLink(scope, { url: oracle.url });
    const outcomes = await Promise.all(Array.from({ length: 9 }, () => link.publish(message(REQUEST, '{}'))));
    assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['acknowledged']));
    assert.equal(oracle.requests().length, 9);
  });

  it('lets go of those who wait for their turn when it ends', async () => {
    const oracle = await startOracle(scope, { modes: { receiveMaximum: 1, noPuback: true } });
    const { link } = await openedLink(scope, { url: oracle.url });
    const outcomes = Promise.all([1, 2, 3].map(() => link.publish(message(REQUEST, '{}'))));
    await oracle.kill();
    assert.deepEqual(new Set((await outcomes).map(({ kind }) => kind)), new Set(['lost']));
  });
});

describe('createFlightWindow()', () => {
  it('lets in as many as the maximum, and the next in order as each leaves', async () => {
    const flights = createFlightWindow();
    const { signal } = new AbortController();
    const entered: number[] = [];
    const leaves = [1, 2, 3, 4].map(async (number) => {
      const leave = await flights.enter(2, signal);
      entered.push(number);
      return leave;
    });
    await settle();
    assert.deepEqual(entered, [1, 2]);
    (await leaves[0])?.();
    await settle();
    assert.deepEqual(entered, [1, 2, 3]);
  });
});
