import assert from 'node:assert/strict';
import type { IncomingMessage } from '../../src/domain.ts';
import {
  createHeldTriggers,
  HELD_BYTES_MAX,
  HELD_MAX,
  type HeldTriggers,
} from '../../src/trigger/held-triggers.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';
import { messageOf } from './messages.ts';

interface Bench {
  readonly held: HeldTriggers;
  readonly clock: FakeClock;
  readonly passed: string[];
  readonly busy: string[];
}

function create(): Bench {
  const clock = createFakeClock();
  const [passed, busy]: [string[], string[]] = [[], []];
  const into = (list: string[]) => (message: IncomingMessage) => {
    list.push(Buffer.from(message.payload.subarray(0, 8)).toString());
  };
  const held = createHeldTriggers({ clock, pass: into(passed), onBusy: into(busy) });
  return { held, clock, passed, busy };
}

const give = ({ held }: Bench, ...payloads: readonly string[]): void => {
  for (const payload of payloads) held.message(messageOf(payload));
};

describe('createHeldTriggers()', () => {
  it('passes on nothing before a link is there and for 300 ms after, then all of it in order', async () => {
    const bench = create();
    give(bench, 'a', 'b');
    await bench.clock.advance(500);
    void bench.held.run(new AbortController().signal);
    give(bench, 'c');
    await bench.clock.advance(299);
    assert.deepEqual(bench.passed, []);
    await bench.clock.advance(1);
    give(bench, 'd');
    assert.deepEqual(bench.passed, ['a', 'b', 'c', 'd']);
    assert.equal(bench.clock.timers(), 0);
  });

  it('says busy of what there is no room for, by number and by bytes', () => {
    const [many, large] = [create(), create()];
    for (let n = 0; n < HELD_MAX + 2; n += 1) give(many, String(n));
    assert.deepEqual(many.busy, [String(HELD_MAX), String(HELD_MAX + 1)]);
    give(large, 'x'.repeat(HELD_BYTES_MAX), 'y', '');
    assert.deepEqual(large.busy, ['y']);
  });

  it('has its room again once it has passed on', async () => {
    const bench = create();
    for (let n = 0; n < HELD_MAX; n += 1) give(bench, String(n));
    const ended = new AbortController();
    const running = bench.held.run(ended.signal);
    await bench.clock.advance(300);
    ended.abort();
    await running;
    give(bench, 'next');
    assert.deepEqual([bench.passed.length, bench.busy], [HELD_MAX, []]);
  });

  it('holds again when the link is lost, until the next one has settled', async () => {
    const bench = create();
    const [first, second] = [new AbortController(), new AbortController()];
    const running = bench.held.run(first.signal);
    await bench.clock.advance(300);
    first.abort();
    give(bench, 'a');
    await running;
    void bench.held.run(second.signal);
    await bench.clock.advance(299);
    assert.deepEqual(bench.passed, []);
    await bench.clock.advance(1);
    assert.deepEqual(bench.passed, ['a']);
  });

  it('keeps what it holds over a link that ends before it has settled', async () => {
    const bench = create();
    give(bench, 'a');
    const first = new AbortController();
    const running = bench.held.run(first.signal);
    await bench.clock.advance(100);
    first.abort();
    await running;
    await bench.clock.advance(5000);
    assert.deepEqual(bench.passed, []);
    void bench.held.run(new AbortController().signal);
    await bench.clock.advance(300);
    assert.deepEqual(bench.passed, ['a']);
  });

  it('holds nothing longer than 30 s, link or none', async () => {
    const bench = create();
    give(bench, 'a');
    await bench.clock.advance(29_999);
    assert.deepEqual(bench.passed, []);
    await bench.clock.advance(1);
    assert.deepEqual([bench.passed, bench.clock.timers()], [['a'], 0]);
  });

  it('passes on all it has at its end, and whatever comes after that, without a timer', async () => {
    const bench = create();
    give(bench, 'a');
    bench.held.end();
    give(bench, 'b');
    await settle();
    assert.deepEqual([bench.passed, bench.clock.timers()], [['a', 'b'], 0]);
  });
});
