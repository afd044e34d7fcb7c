import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { IgnoreReason, IncomingMessage } from '../../src/domain.ts';
import {
  admitTrigger,
  type Admission,
  type AdmissionContext,
  type AdmissionPolicy,
} from '../../src/trigger/admit.ts';
import { messageOf } from './messages.ts';

const NOW = '2031-05-06T07:08:09.000Z';
const nowMs = Date.parse(NOW);
const before = (seconds: number): string => new Date(nowMs - seconds * 1000).toISOString();

const usual: AdmissionContext = {
  closed: undefined,
  monotonicMs: 100_000,
  nowMs,
  clockSynchronised: true,
  freshId: 'made-up',
  seenBefore: () => false,
};

interface Case {
  readonly message: IncomingMessage;
  readonly policy?: Partial<AdmissionPolicy>;
  readonly context?: Partial<AdmissionContext>;
}

function admit({ message, policy = {}, context = {} }: Case): Admission {
  const usualPolicy: AdmissionPolicy = { retained: 'ignore', maxAgeSeconds: 60, minIntervalSeconds: 0 };
  return admitTrigger(message, { ...usualPolicy, ...policy }, { ...usual, ...context });
}

/** The key by which the next delivery of the same message is known. */
function keyOf(message: IncomingMessage): string {
  const admission = admit({ message });
  assert.ok(admission.kind === 'admitted');
  return admission.key;
}

describe('admitTrigger() ignores', () => {
  const seen = { seenBefore: () => true };
  const cases: readonly [string, IgnoreReason, Case][] = [
    ['a retained message', 'retained', { message: messageOf('', { retained: true }) }],
    ['one byte too many', 'malformed', { message: messageOf(new Uint8Array(65_537)) }],
    ['broken JSON', 'malformed', { message: messageOf('{nonsense') }],
    ['a known field of a wrong type', 'malformed', { message: messageOf({ max_width: '640' }) }],
    [
      'broken JSON, also where retained ones are accepted',
      'malformed',
      { message: messageOf('{', { retained: true }), policy: { retained: 'accept' } },
    ],
    ['an id that was seen', 'duplicate', { message: messageOf({ request_id: 'a' }), context: seen }],
    [
      'a redelivery of what was seen',
      'duplicate',
      { message: messageOf('', { duplicate: true }), context: seen },
    ],
    ['what has expired', 'expired', { message: messageOf({ expires_at: before(0.001) }) }],
    ['what was sent too long ago', 'expired', { message: messageOf({ sent_at: before(60.001) }) }],
    [
      'what expired, though it was sent just now',
      'expired',
      { message: messageOf({ sent_at: NOW, expires_at: before(1) }) },
    ],
    [
      'what comes too soon after the last one',
      'tooSoon',
      {
        message: messageOf(''),
        policy: { minIntervalSeconds: 5 },
        context: { lastAdmittedMs: 95_001 },
      },
    ],
    ['anything while paused', 'paused', { message: messageOf(''), context: { closed: 'paused' } }],
    [
      'what is retained, seen and old, as paused first of all',
      'paused',
      {
        message: messageOf({ request_id: 'a', sent_at: before(999) }, { retained: true, duplicate: true }),
        context: { ...seen, closed: 'paused' },
      },
    ],
    ['what is malformed, as paused', 'paused', { message: messageOf('{'), context: { closed: 'paused' } }],
    ['anything while stopping', 'stopping', { message: messageOf(''), context: { closed: 'stopping' } }],
  ];
  for (const [what, reason, given] of cases) {
    it(what, () => {
      const admission = admit(given);
      assert.ok(admission.kind === 'ignored', 'it was admitted');
      assert.equal(admission.reason, reason);
    });
  }

  it('a trigger by the id that its sender knows, else by one of ours', () => {
    const named = admit({ message: messageOf({ request_id: 'theirs' }, { retained: true }) });
    const unnamed = admit({ message: messageOf('', { retained: true }) });
    const broken = admit({ message: messageOf('{"request_id":"theirs"') });
    const paused = admit({ message: messageOf({ request_id: 'theirs' }), context: { closed: 'paused' } });
    const wrong = messageOf({ max_width: '640', request_id: 'theirs' });
    const [malformed, both] = [
      admit({ message: wrong }),
      admit({ message: wrong, context: { closed: 'paused' } }),
    ];
    const noId = admit({ message: messageOf({ request_id: '\u001b', max_width: 640 }) });
    const all = [named, unnamed, broken, paused, malformed, both, noId];
    const ids = all.map((one) => one.kind === 'ignored' && one.triggerId);
    assert.deepEqual(ids, ['theirs', 'made-up', 'made-up', 'theirs', 'theirs', 'theirs', 'made-up']);
  });

  it('a malformed one with the field and what is allowed there', () => {
    const admission = admit({ message: messageOf({ max_quality: 0.5 }) });
    assert.ok(admission.kind === 'ignored');
    assert.equal(admission.detail, 'max_quality is not a whole number above 0');
  });
});

describe('admitTrigger() admits', () => {
  const unsynchronised = { clockSynchronised: false };
  const cases: readonly [string, Case][] = [
    ['an empty message', { message: messageOf('') }],
    ['bytes that are no JSON', { message: messageOf(Buffer.of(0, 0xff, 0x1b)) }],
    ['64 KiB', { message: messageOf(new Uint8Array(65_536)) }],
    [
      'a retained message where the policy says so',
      { message: messageOf('', { retained: true }), policy: { retained: 'accept' } },
    ],
    ['a redelivery of what was never seen', { message: messageOf('', { duplicate: true }) }],
    [
      'a plain message that was seen: it is a second wish',
      { message: messageOf(''), context: { seenBefore: () => true } },
    ],
    ['what expires this very millisecond', { message: messageOf({ expires_at: NOW }) }],
    ['what was sent just within its age', { message: messageOf({ sent_at: before(60) }) }],
    ['what was sent in the future', { message: messageOf({ sent_at: before(-3600) }) }],
    [
      'what has expired by a clock that is not synchronised',
      { message: messageOf({ expires_at: before(9) }), context: unsynchronised },
    ],
    [
      'what is old by a clock that is not synchronised',
      { message: messageOf({ sent_at: before(1e6) }), context: unsynchronised },
    ],
    [
      'the first of all, whatever the interval',
      { message: messageOf(''), policy: { minIntervalSeconds: 86_400 } },
    ],
    [
      'what comes when the interval is just over',
      { message: messageOf(''), policy: { minIntervalSeconds: 5 }, context: { lastAdmittedMs: 95_000 } },
    ],
  ];
  for (const [what, given] of cases) {
    it(what, () => assert.equal(admit(given).kind, 'admitted'));
  }

  it('with the bounds and the reply address of its sender, and nothing else of it', () => {
    const reply = { topic: 'answers/7', correlationData: Buffer.of(1, 2) };
    const payload = { request_id: 'a', max_width: 640, max_quality: 70, camera: '/dev/mem', topic: 'x' };
    const admission = admit({ message: messageOf(payload, { reply }) });
    assert.ok(admission.kind === 'admitted');
    assert.deepEqual(admission.trigger, {
      triggerId: 'a',
      source: 'mqtt',
      receivedAtMs: 100_000,
      maxWidthPx: 640,
      maxQuality: 70,
      reply,
    });
  });

  it('without a reply address that is too long to keep', () => {
    const replies = [
      { topic: 'x'.repeat(1025) },
      { topic: 'answers', correlationData: new Uint8Array(1025) },
    ];
    for (const reply of replies) {
      const admission = admit({ message: messageOf('', { reply }) });
      assert.ok(admission.kind === 'admitted');
      assert.equal(Object.hasOwn(admission.trigger, 'reply'), false);
    }
  });

  it('with correlation data of its own, which does not hold the whole block it was read from', () => {
    const block = Buffer.alloc(65_536, 7);
    const reply = { topic: 'answers', correlationData: block.subarray(0, 1024) };
    const admission = admit({ message: messageOf('', { reply }) });
    const kept = admission.kind === 'admitted' ? admission.trigger.reply?.correlationData : undefined;
    assert.deepEqual(kept, Buffer.alloc(1024, 7));
    assert.ok(kept.buffer !== block.buffer);
  });

  it('an unnamed one under an id of ours, with no field that was not given', () => {
    const admission = admit({ message: messageOf('hello') });
    assert.ok(admission.kind === 'admitted');
    assert.deepEqual(admission.trigger, { triggerId: 'made-up', source: 'mqtt', receivedAtMs: 100_000 });
  });
});

describe('admitTrigger() knows a trigger again', () => {
  it('by its id, whatever else it says and wherever it arrives', () => {
    assert.equal(
      keyOf(messageOf({ request_id: 'a', max_width: 1 })),
      keyOf(messageOf({ request_id: 'a' }, { topic: 'device/pi-1/image/trigger', duplicate: true })),
    );
  });

  it('by topic and payload where it has no id, whether the flag is set or not yet', () => {
    assert.equal(keyOf(messageOf('snap')), keyOf(messageOf('snap', { duplicate: true })));
  });

  const different: readonly [string, IncomingMessage, IncomingMessage][] = [
    ['id', messageOf({ request_id: 'a' }), messageOf({ request_id: 'b' })],
    ['topic', messageOf('snap'), messageOf('snap', { topic: 'device/pi-1/image/trigger' })],
    ['last byte', messageOf(`${'x'.repeat(5000)}a`), messageOf(`${'x'.repeat(5000)}b`)],
  ];
  for (const [what, one, other] of different) {
    it(`never by another ${what}`, () => assert.notEqual(keyOf(one), keyOf(other)));
  }

  it('in a few bytes, however long the payload is', () => {
    assert.ok(keyOf(messageOf(new Uint8Array(65_536))).length < 200);
  });
});

describe('admitTrigger()', () => {
  it('never throws, whatever the bytes and flags are', () => {
    const messages = fc.record({
      topic: fc.string(),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.json().map((text) => Buffer.from(text)),
      ),
      retained: fc.boolean(),
      duplicate: fc.boolean(),
    });
    fc.assert(
      fc.property(messages, fc.boolean(), (message, known) => {
        const admission = admit({ message, context: { seenBefore: () => known } });
        if (admission.kind === 'admitted') return admission.trigger.triggerId !== '' && !message.retained;
        return admission.triggerId !== '';
      }),
      { numRuns: 300 },
    );
  });
});
