import assert from 'node:assert/strict';
import { findAnswer, type Answer } from '../../src/cli/publish-answer.ts';
import type { IncomingMessage } from '../../src/domain.ts';

const ID = 'cf1a3d7e-0000-4000-8000-000000000001';
const OTHER = 'cf1a3d7e-0000-4000-8000-000000000002';
const cat = { label: 'cat', confidence: 0.5 };

function message(content: unknown, correlation?: string): IncomingMessage {
  return {
    ...{ topic: 'device/image/response', retained: false, duplicate: false },
    payload: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)),
    ...(correlation === undefined ? {} : { correlationData: Buffer.from(correlation) }),
  };
}

/** What the messages lead to, when the request went out after the first `before` of them. */
async function found(messages: readonly IncomingMessage[], before = 0): Promise<Answer | 'nothing'> {
  const finder = findAnswer(ID);
  for (const [at, each] of messages.entries()) {
    if (at === before) finder.sending();
    finder.message(each);
  }
  return Promise.race([finder.answer, Promise.resolve('nothing' as const)]);
}

describe('findAnswer()', () => {
  const dog = { label: 'dog', confidence: 1 };
  for (const [what, messages, before] of [
    ['the result of another request', [message({ ...dog, request_id: OTHER })], 0],
    ['a result with the correlation data of another', [message(dog, OTHER)], 0],
    ['what is no result', [message('no json'), message({ label: '' })], 0],
    ['a result that came before the request was sent', [message(dog)], 1],
  ] as const) {
    it(`does not take ${what}`, async () => assert.equal(await found(messages, before), 'nothing'));
  }

  for (const [matchedBy, answer] of [
    ['requestId', message({ ...cat, request_id: ID }, OTHER)],
    ['correlationData', message(cat, ID)],
    ['order', message(cat)],
  ] as const) {
    it(`matches by ${matchedBy}, past the results of others`, async () => {
      const outcome = await found([message({ ...dog, request_id: OTHER }), answer]);
      assert.deepEqual(outcome, { kind: 'classified', classification: cat, matchedBy });
    });
  }

  it('tells a failure of the far side', async () => {
    assert.deepEqual(await found([message({ error: 'no model', request_id: ID })]), {
      ...{ kind: 'failed', error: 'no model', matchedBy: 'requestId' },
    });
  });
});
