import assert from 'node:assert/strict';
import type { OutgoingMessage, TriggerOutcome } from '../../src/domain.ts';
import { outcomeMessages } from '../../src/trigger/outcome-message.ts';

const settings = {
  topic: 'device/pi-1/image/outcome',
  mayReplyTo: (topic: string) => topic.startsWith('answers/'),
};
const textOf = ({ payload }: OutgoingMessage): string => Buffer.from(payload).toString();

describe('outcomeMessages() says of a trigger that was', () => {
  const cases: readonly [string, TriggerOutcome, string][] = [
    [
      'accepted',
      { kind: 'accepted', requestId: 'r', bytes: 127_000, queued: 3 },
      '{"trigger_id":"t","outcome":"accepted","request_id":"r","bytes":127000,"queued":3}',
    ],
    [
      'ignored',
      { kind: 'ignored', reason: 'tooSoon' },
      '{"trigger_id":"t","outcome":"ignored","reason":"tooSoon"}',
    ],
    [
      'failed before it had a request',
      { kind: 'failed', reason: 'noDevice' },
      '{"trigger_id":"t","outcome":"failed","reason":"noDevice"}',
    ],
    [
      'failed with its request',
      { kind: 'failed', reason: 'outboxFull', requestId: 'r' },
      '{"trigger_id":"t","outcome":"failed","request_id":"r","reason":"outboxFull"}',
    ],
  ];
  for (const [what, outcome, text] of cases) {
    it(what, () =>
      assert.deepEqual(outcomeMessages(settings, { triggerId: 't' }, outcome).map(textOf), [text]),
    );
  }
});

describe('outcomeMessages()', () => {
  const ignored: TriggerOutcome = { kind: 'ignored', reason: 'busy' };
  const correlationData = Buffer.of(1, 2, 3);
  const reply = { topic: 'answers/7', correlationData };

  it('says nothing where the topic is off and nobody asked', () => {
    assert.deepEqual(outcomeMessages({ ...settings, topic: '' }, { triggerId: 't' }, ignored), []);
  });

  it('says nothing on a response topic that is not allowed', () => {
    const trigger = { triggerId: 't', reply: { topic: 'elsewhere' } };
    assert.deepEqual(outcomeMessages({ ...settings, topic: '' }, trigger, ignored), []);
  });

  it('answers on the response topic with the correlation data, also where the own topic is off', () => {
    const [message, ...more] = outcomeMessages(
      { ...settings, topic: '' },
      { triggerId: 't', reply },
      ignored,
    );
    assert.ok(message !== undefined && more.length === 0);
    assert.deepEqual(
      [message.topic, message.qos, message.retain, message.properties],
      ['answers/7', 1, false, { contentType: 'application/json', correlationData }],
    );
  });

  it('tells both topics the same, and only the requester its correlation data', () => {
    const messages = outcomeMessages(settings, { triggerId: 't', reply }, ignored);
    assert.deepEqual(
      messages.map(({ topic, properties }) => [topic, properties?.correlationData]),
      [
        ['device/pi-1/image/outcome', undefined],
        ['answers/7', correlationData],
      ],
    );
    assert.equal(new Set(messages.map(textOf)).size, 1);
  });

  it('answers a requester that gave no correlation data', () => {
    const messages = outcomeMessages(settings, { triggerId: 't', reply: { topic: 'answers/8' } }, ignored);
    assert.deepEqual(messages.at(-1)?.properties, { contentType: 'application/json' });
  });
});
