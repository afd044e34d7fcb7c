import assert from 'node:assert/strict';
import type { Trigger, TriggerOutcome } from '../../src/domain.ts';
import type { AdmissionPolicy } from '../../src/trigger/admit.ts';
import { createIntake, type IgnoredTrigger, type Intake } from '../../src/trigger/intake.ts';
import { createMailbox, type Burst, type Mailbox } from '../../src/trigger/mailbox.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';
import { createFixedRandom, fixedUuid } from '../helpers/fixed-random.ts';
import { messageOf } from './messages.ts';

const MINUTE_MS = 60_000;
const ACCEPTED: TriggerOutcome = { kind: 'accepted', requestId: 'r', bytes: 1, queued: 1 };

interface Bench {
  readonly intake: Intake;
  readonly mailbox: Mailbox;
  readonly clock: FakeClock;
  readonly admitted: Trigger[];
  readonly ignored: IgnoredTrigger[];
  /** What was said of each message, in order. */
  readonly said: string[];
}

function createBench(
  options: {
    policy?: Partial<AdmissionPolicy>;
    burst?: Burst;
    clockSynchronised?: boolean;
    closed?: () => 'paused' | 'stopping' | undefined;
  } = {},
): Bench {
  const { policy, burst = 'coalesce', clockSynchronised = true, closed = () => undefined } = options;
  const clock = createFakeClock();
  const mailbox = createMailbox({ burst, maxWaiting: 16 });
  const admitted: Trigger[] = [];
  const ignored: IgnoredTrigger[] = [];
  const said: string[] = [];
  const intake = createIntake({
    ...{ mailbox, clock, random: createFixedRandom(), clockSynchronised: () => clockSynchronised },
    closed,
    policy: { retained: 'ignore', maxAgeSeconds: 60, minIntervalSeconds: 0, ...policy },
    onAdmitted: (trigger) => {
      admitted.push(trigger);
      said.push('admitted');
    },
    onIgnored: (trigger) => {
      ignored.push(trigger);
      said.push(trigger.reason);
    },
  });
  return { intake, mailbox, clock, admitted, ignored, said };
}

function answerAll(intake: Intake, triggers: readonly Trigger[], outcome: TriggerOutcome): void {
  for (const trigger of triggers) intake.answered(trigger, outcome);
}

describe('createIntake()', () => {
  it('tells of an ignored trigger what its sender needs', () => {
    const { intake, ignored, mailbox } = createBench();
    const reply = { topic: 'answers/7', correlationData: Buffer.of(7) };
    intake.message(messageOf({ request_id: 'a', max_width: '1' }, { reply }));
    intake.message(messageOf('', { retained: true }));
    assert.deepEqual(ignored, [
      {
        triggerId: 'a',
        reason: 'malformed',
        detail: 'max_width is not a whole number above 0',
        reply,
      },
      { triggerId: fixedUuid(2), reason: 'retained' },
    ]);
    assert.deepEqual(mailbox.clear(), []);
  });

  it('says busy, with the reply address, where the mailbox has no room', () => {
    const { intake, said, ignored } = createBench({ burst: 'reject' });
    intake.message(messageOf({ request_id: 'a' }));
    intake.message(messageOf({ request_id: 'b' }, { reply: { topic: 'answers/b' } }));
    intake.local('timer');
    assert.deepEqual(said, ['admitted', 'busy', 'busy']);
    assert.deepEqual(ignored[0], { triggerId: 'b', reason: 'busy', reply: { topic: 'answers/b' } });
  });

  it('lets a sender who was told busy try again with the same id', () => {
    const { intake, mailbox, said } = createBench({ burst: 'reject' });
    intake.message(messageOf({ request_id: 'a' }));
    intake.message(messageOf({ request_id: 'b' }));
    mailbox.clear();
    intake.message(messageOf({ request_id: 'b' }));
    assert.deepEqual(said, ['admitted', 'busy', 'admitted']);
  });

  const unanswered: readonly Exclude<TriggerOutcome, { kind: 'accepted' }>[] = [
    { kind: 'failed', reason: 'busy' },
    { kind: 'failed', reason: 'outboxFull', requestId: 'r' },
    { kind: 'ignored', reason: 'paused' },
  ];
  for (const outcome of unanswered) {
    it(`lets a sender who was told ${outcome.kind}: ${outcome.reason} try again with the same id, not before`, () => {
      const { intake, admitted, said } = createBench();
      intake.message(messageOf({ request_id: 'a' }));
      intake.message(messageOf({ request_id: 'a' }));
      answerAll(intake, admitted, outcome);
      intake.message(messageOf({ request_id: 'a' }));
      assert.deepEqual(said, ['admitted', 'duplicate', 'admitted']);
    });
  }

  it('knows the redelivery of one of two equal messages while the other is still in hand', () => {
    const { intake, admitted, said } = createBench();
    intake.message(messageOf('snap'));
    intake.message(messageOf('snap'));
    answerAll(intake, admitted.slice(0, 1), { kind: 'failed', reason: 'busy' });
    intake.message(messageOf('snap', { duplicate: true }));
    assert.deepEqual(said, ['admitted', 'admitted', 'duplicate']);
  });

  it('takes nothing while it is closed, also of its own, and says why', () => {
    let closed: 'paused' | undefined = 'paused';
    const { intake, said, ignored } = createBench({ closed: () => closed });
    const reply = { topic: 'answers/7' };
    intake.message(messageOf({ request_id: 'a' }, { reply }));
    intake.local('timer');
    intake.local('signal');
    closed = undefined;
    intake.message(messageOf({ request_id: 'a' }));
    assert.deepEqual(said, ['paused', 'paused', 'paused', 'admitted']);
    assert.deepEqual(ignored[0], { triggerId: 'a', reason: 'paused', reply });
  });

  it('ignores an id again for ten minutes after it was accepted, and no longer', async () => {
    const { intake, admitted, clock, said } = createBench();
    intake.message(messageOf({ request_id: 'a' }));
    answerAll(intake, admitted, ACCEPTED);
    await clock.advance(10 * MINUTE_MS);
    intake.message(messageOf({ request_id: 'a' }));
    await clock.advance(1);
    intake.message(messageOf({ request_id: 'a' }));
    assert.deepEqual(said, ['admitted', 'duplicate', 'admitted']);
  });

  it('counts the ten minutes by time that passes, not by the wall clock', () => {
    const { intake, admitted, clock, said } = createBench();
    intake.message(messageOf({ request_id: 'a' }));
    answerAll(intake, admitted, ACCEPTED);
    clock.jump(24 * 60 * MINUTE_MS);
    intake.message(messageOf({ request_id: 'a' }));
    assert.deepEqual(said, ['admitted', 'duplicate']);
  });

  it('ignores the redelivery of a message without an id, and takes the same message sent twice', () => {
    const { intake, said } = createBench();
    intake.message(messageOf('snap'));
    intake.message(messageOf('snap', { duplicate: true }));
    intake.message(messageOf('snap'));
    intake.message(messageOf('other', { duplicate: true }));
    assert.deepEqual(said, ['admitted', 'duplicate', 'admitted', 'admitted']);
  });

  it('takes a trigger that is redelivered because it never arrived', () => {
    const { intake, said } = createBench();
    intake.message(messageOf('', { duplicate: true }));
    intake.message(messageOf('', { duplicate: true }));
    assert.deepEqual(said, ['admitted', 'duplicate']);
  });

  it('remembers 4096 ids and forgets the oldest first', () => {
    const { intake, mailbox, said } = createBench();
    const send = (id: string): string | undefined => {
      intake.message(messageOf({ request_id: id }));
      answerAll(intake, mailbox.clear(), ACCEPTED);
      return said.at(-1);
    };
    for (let count = 0; count < 4096; count += 1) send(String(count));
    assert.deepEqual(
      [send('0'), send('4096'), send('4095'), send('0')],
      ['duplicate', 'admitted', 'duplicate', 'admitted'],
    );
  });

  it('measures the interval from the last trigger that was taken, not from one that was ignored', async () => {
    const { intake, clock, said } = createBench({ policy: { minIntervalSeconds: 10 } });
    intake.message(messageOf(''));
    await clock.advance(6000);
    intake.message(messageOf(''));
    await clock.advance(4000);
    intake.message(messageOf(''));
    await clock.advance(9999);
    intake.message(messageOf(''));
    assert.deepEqual(said, ['admitted', 'tooSoon', 'admitted', 'tooSoon']);
  });

  it('takes a trigger of its own whatever the interval, under an id of its own', () => {
    const { intake, admitted } = createBench({ policy: { minIntervalSeconds: 10 } });
    intake.local('signal');
    intake.local('timer');
    assert.deepEqual(admitted, [
      { triggerId: fixedUuid(1), source: 'signal', receivedAtMs: 0 },
      { triggerId: fixedUuid(2), source: 'timer', receivedAtMs: 0 },
    ]);
  });

  const aged = messageOf({ sent_at: '2020-01-01T00:00:00Z' });
  it('asks about the clock before it calls a trigger expired', () => {
    const [right, wrong] = [createBench(), createBench({ clockSynchronised: false })];
    for (const { intake } of [right, wrong]) intake.message(aged);
    assert.deepEqual([right.said, wrong.said], [['expired'], ['admitted']]);
  });

  it('puts what it admits into the mailbox', () => {
    const { intake, mailbox, admitted } = createBench();
    intake.message(messageOf({ request_id: 'a' }));
    intake.local('timer');
    assert.deepEqual(mailbox.clear(), admitted);
    assert.equal(admitted.length, 2);
  });
});
