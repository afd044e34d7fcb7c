import assert from 'node:assert/strict';
import { createOutcomeSender, type OutcomeSender } from '../../src/trigger/outcome-sender.ts';
import { createFakeClock, settle } from '../helpers/fake-clock.ts';
import { createFakeLink, type FakeLink } from '../helpers/fake-link.ts';

const create = (clock = createFakeClock()): OutcomeSender =>
  createOutcomeSender({ topic: 'outcome', mayReplyTo: () => true, clock });
const silentLink = (): FakeLink => createFakeLink({ script: Array<'inFlight'>(100).fill('inFlight') });
const tell = (sender: OutcomeSender, count = 1): void => {
  for (let at = 0; at < count; at += 1) sender.tell({ triggerId: 't' }, { kind: 'ignored', reason: 'busy' });
};

describe('createOutcomeSender()', () => {
  it('forgets what it is told before there is a link', async () => {
    const sender = create();
    const link = createFakeLink();
    tell(sender);
    void sender.run(link, new AbortController().signal);
    await settle();
    assert.equal(link.published.length, 0);
  });

  it('publishes nothing on a link whose time is over', async () => {
    const sender = create();
    const link = createFakeLink();
    const stop = new AbortController();
    const running = sender.run(link, stop.signal);
    stop.abort();
    await running;
    tell(sender);
    assert.equal(link.published.length, 0);
  });

  it('ends at once under a signal that has aborted', async () => {
    const sender = create();
    const link = createFakeLink();
    await sender.run(link, AbortSignal.abort());
    tell(sender);
    assert.equal(link.published.length, 0);
  });

  it('leaves room for the requests: at most 20 wait for their acknowledgement', async () => {
    const sender = create();
    const link = silentLink();
    void sender.run(link, new AbortController().signal);
    tell(sender, 30);
    assert.equal(link.published.length, 20);
    link.answer({ kind: 'acknowledged' });
    await settle();
    tell(sender, 5);
    assert.equal(link.published.length, 21);
  });

  it('tells all of a burst as acknowledgements come, and forgets the rest when the link ends', async () => {
    const sender = create();
    const link = silentLink();
    const stop = new AbortController();
    const running = sender.run(link, stop.signal);
    tell(sender, 50);
    for (let at = 0; at < 25; at += 1) {
      link.answer({ kind: 'acknowledged' });
      await settle();
    }
    assert.equal(link.published.length, 45);
    stop.abort();
    await running;
    link.answer({ kind: 'acknowledged' });
    await settle();
    assert.equal(link.published.length, 45);
  });

  it('tells at most 500 a second, and all of a burst in the seconds that follow', async () => {
    const clock = createFakeClock();
    const sender = create(clock);
    const link = createFakeLink();
    void sender.run(link, new AbortController().signal);
    for (let at = 0; at < 1000; at += 1) sender.tell({ triggerId: 't' }, { kind: 'failed', reason: 'busy' });
    for (let turn = 0; turn < 60; turn += 1) await settle();
    await clock.advance(999);
    assert.equal(link.published.length, 500);
    await clock.advance(1);
    for (let turn = 0; turn < 60; turn += 1) await settle();
    assert.equal(link.published.length, 1000);
    await clock.advance(5000);
    assert.deepEqual([sender.untold(), clock.timers()], [0, 0]);
  });

  it('counts what a flood, a missing link and a lost one leave untold', async () => {
    const sender = create();
    tell(sender, 3);
    const stop = new AbortController();
    const link = silentLink();
    const running = sender.run(link, stop.signal);
    tell(sender, 1000);
    assert.equal(sender.untold(), 3 + 1000 - 20 - 500);
    stop.abort();
    await running;
    assert.equal(sender.untold(), 3 + 1000 - 20);
    link.end('network'); // also what was on its way
    await settle();
    assert.equal(sender.untold(), 3 + 1000);
  });

  it('counts what the broker refuses as untold, once a trigger though it has two messages', async () => {
    const sender = create();
    const refused = { kind: 'refused', reasonCode: 0x87, reason: 'not authorized' } as const;
    void sender.run(createFakeLink({ script: [refused, refused] }), new AbortController().signal);
    const trigger = { triggerId: 't', reply: { topic: 'answers' } };
    sender.tell(trigger, { kind: 'failed', reason: 'timeout' });
    sender.tell(trigger, { kind: 'failed', reason: 'timeout' });
    await settle();
    assert.equal(sender.untold(), 1);
  });

  it('counts a trigger once where a lost link had one of its two messages and the other waited', async () => {
    const sender = create();
    const link = silentLink();
    const stop = new AbortController();
    const running = sender.run(link, stop.signal);
    tell(sender, 19);
    sender.tell({ triggerId: 't', reply: { topic: 'answers' } }, { kind: 'failed', reason: 'timeout' });
    link.end('network');
    stop.abort();
    await running;
    await settle();
    assert.equal(sender.untold(), 20);
  });

  it('tells all triggers that one picture answers, each with a reply of its own, beside as many refusals as wait', async () => {
    const clock = createFakeClock();
    const sender = create(clock);
    const link = createFakeLink();
    void sender.run(link, new AbortController().signal);
    tell(sender, 500);
    for (let at = 0; at < 1000; at += 1) {
      const trigger = { triggerId: `t-${at}`, reply: { topic: `answers/${at}` } };
      sender.tell(trigger, { kind: 'accepted', requestId: 'r', bytes: 1, queued: 1 });
    }
    for (let second = 0; second < 6; second += 1) {
      for (let turn = 0; turn < 60; turn += 1) await settle();
      await clock.advance(1000);
    }
    assert.equal(sender.untold(), 0);
    assert.equal(link.published.length, 500 + 2 * 1000);
    assert.equal(new Set(link.published.map(({ topic }) => topic)).size, 1 + 1000);
  });

  it('keeps room for the answers that a picture was taken for, whatever is refused meanwhile', () => {
    const sender = create();
    void sender.run(silentLink(), new AbortController().signal);
    tell(sender, 1000);
    const before = sender.untold();
    for (let at = 0; at < 1000; at += 1) {
      sender.tell({ triggerId: 't' }, { kind: 'accepted', requestId: 'r', bytes: 1, queued: 1 });
    }
    assert.equal(sender.untold(), before);
    sender.tell({ triggerId: 't' }, { kind: 'failed', reason: 'busy' });
    assert.equal(sender.untold(), before + 1);
  });

  it('counts each answer where one trigger gets two', () => {
    const sender = create();
    const link = silentLink();
    void sender.run(link, new AbortController().signal);
    for (let at = 0; at < 30; at += 1) {
      sender.tell({ triggerId: 't', reply: { topic: 'answers' } }, { kind: 'failed', reason: 'timeout' });
    }
    assert.equal(link.published.length, 20);
  });

  it('has all its room again on the next link after one that was lost', async () => {
    const sender = create();
    const [lost, next] = [silentLink(), silentLink()];
    const ended = new AbortController();
    const running = sender.run(lost, ended.signal);
    tell(sender, 20);
    lost.end('network');
    ended.abort();
    await running;
    void sender.run(next, new AbortController().signal);
    tell(sender, 30);
    assert.deepEqual([lost.published.length, next.published.length], [20, 20]);
  });

  it('uses the newer of two links, also when the older one ends later', async () => {
    const sender = create();
    const [older, newer] = [createFakeLink(), createFakeLink()];
    const ended = new AbortController();
    const running = sender.run(older, ended.signal);
    void sender.run(newer, new AbortController().signal);
    ended.abort();
    await running;
    tell(sender);
    assert.deepEqual([older.published.length, newer.published.length], [0, 1]);
  });
});
