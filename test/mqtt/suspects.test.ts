import assert from 'node:assert/strict';
import type { Operation } from '../../src/mqtt/operations.ts';
import {
  createSuspects,
  REQUESTS_WITHHELD_MS,
  WITHHELD_MS,
  type Suspects,
  type Withheld,
} from '../../src/mqtt/suspects.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';

const publish = (topic: string): Operation => ({ kind: 'publish', topics: [topic], what: topic });
const subscribe = (...topics: string[]): Operation => ({ kind: 'subscribe', topics, what: topics.join() });
const OLD_MS = 60_000;

describe('createSuspects()', () => {
  let clock: FakeClock;
  let changes: (readonly Withheld[])[];
  let suspects: Suspects;

  beforeEach(() => {
    clock = createFakeClock();
    changes = [];
    suspects = createSuspects({ clock, requestTopic: 'request', onChange: (all) => changes.push(all) });
  });

  const close = (operation: Operation | undefined, times = 1, upMs = 100): void => {
    for (let time = 0; time < times; time += 1) suspects.closed(operation, upMs);
  };
  const isWithheld = (kind: 'publish' | 'subscribe', topic: string): boolean =>
    suspects.withheld({ kind, topic }) !== undefined;

  it('withholds nothing after two closes', () => {
    close(publish('status'), 2);
    assert.deepEqual([isWithheld('publish', 'status'), changes], [false, []]);
  });

  it('withholds after three closes, and names what the policy lacks', () => {
    close(publish('status'), 3);
    assert.match(
      suspects.withheld({ kind: 'publish', topic: 'status' })?.statement ?? '',
      /iot:Publish on topic\/status/,
    );
    assert.equal(isWithheld('subscribe', 'status'), false);
    assert.deepEqual(changes, [suspects.all()]);
  });

  it('writes a wildcard of a filter as policies do', () => {
    close(subscribe('a/+/b/#'), 3);
    assert.equal(
      suspects.all()[0]?.statement,
      'iot:Subscribe on topicfilter/a/+/b/# and iot:Receive on topic/a/*/b/*',
    );
  });

  it('suspects requests of nothing where a close came in the middle of one, or over another topic', () => {
    close(publish('request'), 5);
    for (let time = 0; time < 5; time += 1) suspects.closedOverWhole('status');
    assert.deepEqual([isWithheld('publish', 'request'), changes], [false, []]);
  });

  it('withholds requests after the fourth close in a row over a whole one: three are what one request is given up for', () => {
    for (let time = 0; time < 3; time += 1) assert.equal(suspects.closedOverWhole('request'), undefined);
    suspects.answered(publish('request'));
    for (let time = 0; time < 3; time += 1) assert.equal(suspects.closedOverWhole('request'), undefined);
    assert.equal(isWithheld('publish', 'request'), false);
    assert.match(suspects.closedOverWhole('request')?.statement ?? '', /iot:Publish on topic\/request/);
    assert.equal(isWithheld('publish', 'request'), true);
    assert.deepEqual([suspects.all(), changes], [[], []], 'the drain tells of them');
  });

  it('lets one request try again after ten minutes', async () => {
    for (let time = 0; time < 4; time += 1) suspects.closedOverWhole('request');
    await clock.advance(REQUESTS_WITHHELD_MS - 1);
    assert.equal(isWithheld('publish', 'request'), true);
    await clock.advance(1);
    assert.equal(isWithheld('publish', 'request'), false);
    assert.notEqual(suspects.closedOverWhole('request'), undefined);
    assert.equal(isWithheld('publish', 'request'), true);
  });

  it('counts anew after an answer', () => {
    close(publish('status'), 2);
    suspects.answered(publish('status'));
    close(publish('status'), 2);
    assert.equal(isWithheld('publish', 'status'), false);
  });

  it('asks one by one after a close upon several filters, and finds the one', () => {
    assert.equal(suspects.oneByOne(), false);
    close(subscribe('a', 'b'));
    assert.equal(suspects.oneByOne(), true);
    for (let time = 0; time < 2; time += 1) {
      suspects.answered(subscribe('a'));
      close(subscribe('b'));
    }
    assert.deepEqual([isWithheld('subscribe', 'a'), isWithheld('subscribe', 'b')], [false, true]);
  });

  it('asks for all at once again when the one is found, and when each was answered', () => {
    close(subscribe('a', 'b'));
    suspects.answered(subscribe('a'));
    close(subscribe('b'), 2);
    assert.equal(suspects.oneByOne(), false);
    close(subscribe('c', 'd'));
    suspects.answered(subscribe('c'));
    assert.equal(suspects.oneByOne(), true);
    suspects.answered(subscribe('d'));
    assert.equal(suspects.oneByOne(), false);
  });

  it('lets one try through after an hour: a close withholds again, an answer acquits', async () => {
    close(publish('status'), 3);
    await clock.advance(WITHHELD_MS);
    assert.equal(isWithheld('publish', 'status'), false);
    close(publish('status'));
    assert.equal(isWithheld('publish', 'status'), true);
    await clock.advance(WITHHELD_MS);
    suspects.answered(publish('status'));
    assert.deepEqual(changes.at(-1), []);
  });

  it('acquits everybody when a new connection is closed over nothing, not when an old one is', () => {
    close(publish('status'), 3);
    close(undefined, 1, OLD_MS);
    assert.equal(isWithheld('publish', 'status'), true);
    close(undefined);
    assert.equal(isWithheld('publish', 'status'), false);
    assert.deepEqual(changes.at(-1), []);
  });

  it('remembers a bounded number of topics', () => {
    for (let number = 0; number < 1000; number += 1) close(publish(`reply/${number}`), 3);
    assert.equal(suspects.all().length, 100);
  });
});
