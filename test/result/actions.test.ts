import assert from 'node:assert/strict';
import { createActions, type Actions, type ResultAction } from '../../src/result/actions.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';
import { createFakeLink, type FakeLink } from '../helpers/fake-link.ts';

const LAMP: ResultAction = { label: 'cat', minConfidence: 0.5, publish: 'lamp', payload: 'on' };
const BELL: ResultAction = { label: 'cat', minConfidence: 0, publish: 'bell' };

interface Bench {
  readonly actions: Actions;
  readonly clock: FakeClock;
  readonly link: FakeLink;
  readonly end: () => Promise<void>;
}

function online(list: readonly ResultAction[], link = createFakeLink()): Bench {
  const clock = createFakeClock();
  const actions = createActions({ actions: () => list, deviceId: () => 'pi-1', clock });
  const ended = new AbortController();
  const running = actions.run(link, ended.signal);
  const end = (): Promise<void> => {
    ended.abort();
    return running;
  };
  return { actions, clock, link, end };
}

const cat = (confidence = 0.9, label = 'cat') => ({ label, confidence });
const topics = (link: FakeLink): string[] => link.published.map(({ topic }) => topic);

describe('createActions() publishes nothing', () => {
  it('before there is a link, and later neither', async () => {
    const lamp = [LAMP];
    const actions = createActions({ actions: () => lamp, deviceId: () => 'pi-1', clock: createFakeClock() });
    assert.deepEqual(actions.seen(cat(), 'r'), { topic: 'lamp', state: 'offline' });
    const link = createFakeLink();
    void actions.run(link, new AbortController().signal);
    await settle();
    assert.deepEqual(topics(link), []);
  });

  it('on a link whose time is over', async () => {
    const { actions, link, end } = online([LAMP]);
    await end();
    assert.equal(actions.seen(cat(), 'r')?.state, 'offline');
    assert.deepEqual(topics(link), []);
  });

  const none: readonly [what: string, seen: ReturnType<typeof cat>][] = [
    ['another label', cat(1, 'dog')],
    ['a label that only begins like one', cat(1, 'cats')],
    ['a label in another case', cat(1, 'Cat')],
    ['too little confidence', cat(0.49)],
  ];
  for (const [what, seen] of none) {
    it(`for ${what}`, () => {
      const { actions, link } = online([LAMP, { ...LAMP, label: '*' }]);
      assert.equal(actions.seen(seen, 'r'), undefined);
      assert.deepEqual(topics(link), []);
    });
  }

  it('while twenty wait for their acknowledgement: the requests need their room', async () => {
    const silent = createFakeLink({ script: Array<'inFlight'>(30).fill('inFlight') });
    const list = Array.from({ length: 30 }, (_, at) => ({ ...LAMP, label: `cat ${at}` }));
    const { actions, link } = online(list, silent);
    const states = list.map(({ label }) => actions.seen(cat(1, label), 'r')?.state);
    assert.deepEqual([link.published.length, states.at(19), states.at(20)], [20, 'sent', 'busy']);
    link.answer({ kind: 'acknowledged' });
    await settle();
    assert.equal(actions.seen(cat(1, 'cat 29'), 'r')?.state, 'sent');
  });
});

describe('createActions()', () => {
  it('publishes the first action that fits, and no other', () => {
    const { actions, link } = online([LAMP, BELL]);
    actions.seen(cat(0.5), 'r');
    actions.seen(cat(0.4), 'r');
    assert.deepEqual(topics(link), ['lamp', 'bell']);
  });

  it('publishes a payload as it stands, at QoS 1 and not retained', () => {
    const { actions, link } = online([LAMP]);
    actions.seen(cat(), 'r');
    const payload = Buffer.from('on');
    assert.deepEqual(link.published, [{ topic: 'lamp', payload, qos: 1, retain: false }]);
  });

  it('publishes an empty payload where that is what is configured', () => {
    const { actions, link } = online([{ ...LAMP, payload: '' }]);
    actions.seen(cat(), 'r');
    assert.equal(link.published[0]?.payload.length, 0);
  });

  it('tells what was seen where there is no payload', () => {
    const { actions, link } = online([BELL]);
    actions.seen(cat(), 'r-1');
    const [message] = link.published;
    assert.deepEqual(JSON.parse(Buffer.from(message?.payload ?? []).toString()), {
      ...{ label: 'cat', confidence: 0.9, request_id: 'r-1', device_id: 'pi-1' },
    });
    assert.equal(message?.properties?.contentType, 'application/json');
  });

  it('knows a label with a joiner as parsing makes it visible', () => {
    const { actions } = online([{ ...LAMP, label: 'a\u200db' }]);
    assert.equal(actions.seen(cat(1, 'a\\u200db'), 'r')?.state, 'sent');
  });

  it('publishes five at once and then one a second, each action by itself, and counts the rest', async () => {
    const { actions, clock, link } = online([LAMP, { ...BELL, label: 'dog' }]);
    for (let at = 0; at < 8; at += 1) actions.seen(cat(), 'r');
    assert.equal(link.published.length, 5);
    assert.equal(actions.seen(cat(1, 'dog'), 'r')?.state, 'sent');
    await clock.advance(999);
    assert.deepEqual(actions.seen(cat(), 'r'), { topic: 'lamp', state: 'tooOften' });
    await clock.advance(1);
    assert.equal(actions.seen(cat(), 'r')?.state, 'sent');
    assert.equal(actions.seen(cat(), 'r')?.state, 'tooOften');
    assert.deepEqual(actions.counts(), { sent: 7, offline: 0, tooOften: 5, busy: 0 });
  });

  it('saves up no more than five in a quiet hour', async () => {
    const { actions, clock, link } = online([LAMP]);
    await clock.advance(3_600_000);
    for (let at = 0; at < 8; at += 1) actions.seen(cat(), 'r');
    assert.equal(link.published.length, 5);
  });

  it('uses the newer of two links, also when the older one ends later', async () => {
    const { actions, link, end } = online([LAMP]);
    const newer = createFakeLink();
    void actions.run(newer, new AbortController().signal);
    await end();
    actions.seen(cat(), 'r');
    assert.deepEqual([topics(link), topics(newer)], [[], ['lamp']]);
  });

  it('goes on after a link that was lost with messages in flight', async () => {
    const silent = createFakeLink({ script: Array<'inFlight'>(30).fill('inFlight') });
    const list = Array.from({ length: 20 }, (_, at) => ({ ...LAMP, label: `cat ${at}` }));
    const { actions, link, end } = online(list, silent);
    for (const { label } of list) actions.seen(cat(1, label), 'r');
    link.end('network');
    await end();
    const next = createFakeLink();
    void actions.run(next, new AbortController().signal);
    await settle();
    actions.seen(cat(1, 'cat 0'), 'r');
    assert.deepEqual(topics(next), ['lamp']);
  });
});
