import assert from 'node:assert/strict';
import { createMailbox, type Mailbox } from '../../src/trigger/mailbox.ts';
import { settle } from '../helpers/fake-clock.ts';
import { triggerOf } from './messages.ts';

const never = new AbortController().signal;
const put = (mailbox: Mailbox, ...ids: readonly string[]): readonly string[] =>
  ids.map((id) => mailbox.put(triggerOf(id)));
const take = async (mailbox: Mailbox, signal = never): Promise<readonly string[]> =>
  (await mailbox.take(signal)).map(({ triggerId }) => triggerId);
const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => String(at));

describe('createMailbox() with burst reject', () => {
  const create = (): Mailbox => createMailbox({ burst: 'reject', maxWaiting: 16 });

  it('is busy while one waits', () => {
    assert.deepEqual(put(create(), 'a', 'b'), ['waiting', 'busy']);
  });

  it('is busy while one is captured, and free when its capture has ended', async () => {
    const mailbox = create();
    put(mailbox, 'a');
    assert.deepEqual(await take(mailbox), ['a']);
    assert.deepEqual(put(mailbox, 'b'), ['busy']);
    const next = take(mailbox);
    assert.deepEqual(put(mailbox, 'c', 'd'), ['waiting', 'busy']);
    assert.deepEqual(await next, ['c']);
  });
});

describe('createMailbox() with burst queue', () => {
  it('gives one at a time in order, and refuses what is over its bound', async () => {
    const mailbox = createMailbox({ burst: 'queue', maxWaiting: 2 });
    assert.deepEqual(put(mailbox, 'a', 'b', 'c'), ['waiting', 'waiting', 'busy']);
    assert.deepEqual(await take(mailbox), ['a']);
    assert.deepEqual(put(mailbox, 'd', 'e'), ['waiting', 'busy']);
    assert.deepEqual([await take(mailbox), await take(mailbox)], [['b'], ['d']]);
  });
});

describe('createMailbox() with burst coalesce', () => {
  const create = (): Mailbox => createMailbox({ burst: 'coalesce', maxWaiting: 1 });

  it('holds a thousand, for its memory must end somewhere', () => {
    const answers = put(create(), ...numbered(1001));
    assert.deepEqual([answers.indexOf('busy'), answers.length], [1000, 1001]);
  });

  it('gives all that wait to one capture, and what comes meanwhile to the next', async () => {
    const mailbox = create();
    put(mailbox, 'a', 'b', 'c');
    assert.deepEqual(await take(mailbox), ['a', 'b', 'c']);
    put(mailbox, 'd', 'e');
    assert.deepEqual(await take(mailbox), ['d', 'e']);
  });
});

describe('take()', () => {
  it('gives nothing when the signal aborts, and leaves what waits to clear()', async () => {
    const mailbox = createMailbox({ burst: 'queue', maxWaiting: 4 });
    const stop = new AbortController();
    const taking = take(mailbox, stop.signal);
    stop.abort();
    assert.deepEqual(await taking, []);
    put(mailbox, 'a', 'b');
    assert.deepEqual(await take(mailbox, stop.signal), []);
    assert.deepEqual(
      mailbox.clear().map(({ triggerId }) => triggerId),
      ['a', 'b'],
    );
    assert.deepEqual(mailbox.clear(), []);
  });

  it('waits for a trigger, also after one was cleared away', async () => {
    const mailbox = createMailbox({ burst: 'coalesce', maxWaiting: 4 });
    put(mailbox, 'gone');
    mailbox.clear();
    let taken: readonly string[] | undefined;
    const taking = take(mailbox).then((ids) => (taken = ids));
    await settle();
    assert.equal(taken, undefined);
    put(mailbox, 'a');
    assert.deepEqual(await taking, ['a']);
  });
});
