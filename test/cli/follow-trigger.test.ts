import assert from 'node:assert/strict';
import { followTrigger, type Followed, type Outcome } from '../../src/cli/follow-trigger.ts';
import { messageOf } from '../trigger/messages.ts';

const CLASSIFICATION = { label: 'cat', confidence: 0.5 };

interface Bench {
  readonly follow: Followed;
  readonly outcomes: Outcome[];
  readonly isDone: () => Promise<boolean>;
}

function create(): Bench {
  const outcomes: Outcome[] = [];
  const follow = followTrigger({
    ...{ triggerId: 't-1', outcomeTopic: 'outcome' },
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  const isDone = (): Promise<boolean> =>
    Promise.race([follow.answer.then(() => true), Promise.resolve().then(() => false)]);
  return { follow, outcomes, isDone };
}

const outcome = (more: object = {}): Parameters<Followed['message']>[0] =>
  messageOf({ trigger_id: 't-1', outcome: 'accepted', request_id: 'r-1', ...more }, { topic: 'outcome' });
const result = (more: object = {}): Parameters<Followed['message']>[0] =>
  messageOf({ ...CLASSIFICATION, ...more }, { topic: 'result' });

describe('followTrigger()', () => {
  it('passes over what is no outcome of this trigger', async () => {
    const { follow, outcomes, isDone } = create();
    for (const payload of [
      '',
      '{',
      'null',
      '[]',
      '{"trigger_id":"t-1"}',
      '{"trigger_id":"t-2","outcome":"failed"}',
    ]) {
      follow.message(messageOf(payload, { topic: 'outcome' }));
    }
    assert.deepEqual([outcomes, await isDone()], [[], false]);
  });

  it('is over with a refusal, which no result follows', async () => {
    const { follow, outcomes, isDone } = create();
    follow.message(outcome({ outcome: 'ignored', reason: 'paused', request_id: undefined }));
    assert.deepEqual([outcomes[0]?.words, await isDone()], ['ignored, paused', true]);
  });

  it('takes no result of another request, by id or by correlation data', async () => {
    const { follow, isDone } = create();
    follow.message(outcome());
    follow.message(result({ request_id: 'r-2' }));
    follow.message({ ...result(), correlationData: Buffer.from('r-2') });
    assert.deepEqual([follow.sofar().classification, await isDone()], [undefined, false]);
  });

  const answers: readonly [string, Parameters<Followed['message']>[0]][] = [
    ['its id', result({ request_id: 'r-1' })],
    ['its correlation data', { ...result(), correlationData: Buffer.from('r-1') }],
    [
      'an id of its own beside our correlation data',
      { ...result({ request_id: 'job-7' }), correlationData: Buffer.from('r-1') },
    ],
    ['nothing, in order', result()],
  ];
  for (const [what, answer] of answers) {
    it(`takes the result that carries ${what}`, async () => {
      const { follow, isDone } = create();
      follow.message(outcome());
      follow.message(answer);
      assert.deepEqual([follow.sofar().classification, await isDone()], [CLASSIFICATION, true]);
    });
  }

  it('takes an empty id for none, and a retained result without an id for an older picture', async () => {
    const { follow, isDone } = create();
    follow.message(outcome());
    follow.message({ ...result(), retained: true });
    assert.equal(await isDone(), false);
    follow.message(result({ request_id: '' }));
    assert.deepEqual([follow.sofar().classification, await isDone()], [CLASSIFICATION, true]);
  });

  for (const isEarly of [false, true]) {
    it(`is over with the words of a far side that failed${isEarly ? ', also before the outcome' : ''}`, async () => {
      const { follow, isDone } = create();
      const failed = messageOf({ error: 'no model', request_id: 'r-1' }, { topic: 'result' });
      const [first, second] = isEarly ? [failed, outcome()] : [outcome(), failed];
      follow.message(messageOf({ error: 'theirs', request_id: 'r-2' }, { topic: 'result' }));
      follow.message(first);
      follow.message(second);
      const { error, classification } = follow.sofar();
      assert.deepEqual([error, classification, await isDone()], ['no model', undefined, true]);
    });
  }

  it('knows a result that was quicker than the outcome, among those of others', async () => {
    const { follow, outcomes, isDone } = create();
    follow.message(result({ request_id: 'r-1' }));
    for (let n = 0; n < 99; n += 1) follow.message(result({ request_id: `other-${n}`, label: 'dog' }));
    follow.message(outcome());
    assert.deepEqual([follow.sofar().classification, await isDone()], [CLASSIFICATION, true]);
    assert.equal(outcomes.length, 1);
  });

  it('takes no early result without an id: it may be the answer to an older request', async () => {
    const { follow, isDone } = create();
    follow.message(result());
    follow.message(outcome());
    assert.deepEqual([follow.sofar().classification, await isDone()], [undefined, false]);
  });
});
