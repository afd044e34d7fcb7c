// Trigger payloads of every kind through intake, lines and the real log: what may come out, whatever goes in.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createLog } from '../../src/support/log.ts';
import { admitTrigger } from '../../src/trigger/admit.ts';
import { createIntake } from '../../src/trigger/intake.ts';
import { createMailbox } from '../../src/trigger/mailbox.ts';
import { outcomeMessages } from '../../src/trigger/outcome-message.ts';
import { parseTrigger } from '../../src/trigger/parse-trigger.ts';
import { createTriggerLog } from '../../src/trigger/trigger-log.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { createFixedRandom } from '../helpers/fixed-random.ts';
import { messageOf } from './messages.ts';

const RUNS = process.env['SHUTTERD_TEST_LONG'] === '1' ? 100_000 : 1000;
const LINE_BYTES_MAX = 8 * 1024;
const UNSAFE = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/u;

const texts = fc.string({ unit: 'binary', maxLength: 300 });
const names = fc.oneof(
  fc.constantFrom('request_id', 'sent_at', 'expires_at', 'max_width', 'max_quality', '__proto__', 'toJSON'),
  texts,
);
const values = fc.oneof(
  texts,
  fc.jsonValue({ stringUnit: 'binary' }),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.double(),
  fc.integer(),
);
/** JSON with one piece cut out or bytes put in: nearly right is the hardest. */
const spoilt = fc
  .tuple(fc.dictionary(names, values), fc.nat(), fc.uint8Array({ maxLength: 8 }), fc.nat({ max: 8 }))
  .map(([fields, where, put, cut]) => {
    const json = Buffer.from(JSON.stringify(fields));
    const at = where % (json.length + 1);
    return Buffer.concat([json.subarray(0, at), put, json.subarray(at + cut)]);
  });
const payloads: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc.dictionary(names, values).map((fields) => Buffer.from(JSON.stringify(fields))),
  spoilt,
  fc.nat({ max: 70_000 }).map((length) => Buffer.alloc(length, '{"a":[')),
);

describe('a trigger of any bytes', function () {
  this.timeout(600_000);

  it(`is parsed or malformed, and leaves whole, safe lines and outcomes, ${RUNS} times`, () => {
    fc.assert(
      fc.property(payloads, fc.boolean(), fc.boolean(), (payload, duplicate, retained) => {
        const lines: string[] = [];
        const log = createLog({
          ...{ level: 'debug', format: 'json', journald: false },
          write: (line) => lines.push(line),
        });
        const clock = createFakeClock();
        const triggerLog = createTriggerLog({ clock, log, untold: () => 0 });
        const outcomes: Uint8Array[] = [];
        const settings = { topic: 'outcome', mayReplyTo: () => false };
        const intake = createIntake({
          ...{ clock, random: createFixedRandom(), closed: () => undefined, clockSynchronised: () => true },
          policy: { retained: 'accept', maxAgeSeconds: 60, minIntervalSeconds: 0 },
          mailbox: createMailbox({ burst: 'queue', maxWaiting: 1 }),
          onAdmitted: (trigger) => {
            triggerLog.accepted(trigger);
          },
          onIgnored: (ignored) => {
            triggerLog.ignored(ignored);
            const said = outcomeMessages(settings, ignored, { kind: 'ignored', reason: ignored.reason });
            outcomes.push(...said.map((message) => message.payload));
          },
        });
        const message = messageOf(payload, { duplicate, retained });
        intake.message(message);
        intake.message(message); // busy or a duplicate, unless it was malformed
        assert.equal(lines.length, 2);
        for (const line of lines) checkLine(line);
        for (const said of outcomes) checkLine(`${Buffer.from(said).toString('utf8')}\n`);
        assert.ok(['parsed', 'malformed'].includes(parseTrigger(payload).kind));
      }),
      { numRuns: RUNS },
    );
  });

  it(`is admitted with bounded fields or ignored for a reason of the table, ${RUNS} times`, () => {
    const reasons = ['retained', 'malformed', 'expired', 'tooSoon', 'duplicate', 'paused', 'stopping'];
    const policy = { retained: 'ignore', maxAgeSeconds: 60, minIntervalSeconds: 5 } as const;
    const contexts = fc.record({
      seen: fc.boolean(),
      why: fc.constantFrom(undefined, 'paused' as const, 'stopping' as const),
      ms: fc.double({ min: 0, max: 10_000, noNaN: true }),
    });
    fc.assert(
      fc.property(payloads, contexts, (payload, { seen, why, ms }) => {
        const admission = admitTrigger(messageOf(payload), policy, {
          ...{ closed: why, monotonicMs: ms, lastAdmittedMs: 0, nowMs: 1.9e12, clockSynchronised: true },
          ...{ freshId: 'made-up', seenBefore: () => seen },
        });
        if (admission.kind === 'ignored') return reasons.includes(admission.reason);
        const { triggerId, maxWidthPx = 1, maxQuality = 1, ...rest } = admission.trigger;
        assert.deepEqual(Object.keys(rest).sort(), ['receivedAtMs', 'source']);
        return triggerId.length >= 1 && triggerId.length <= 128 && maxWidthPx > 0 && maxQuality > 0;
      }),
      { numRuns: RUNS },
    );
  });
});

function checkLine(line: string): void {
  assert.ok(line.endsWith('\n'));
  assert.doesNotMatch(line.slice(0, -1), /\p{Cc}/u);
  assert.ok(Buffer.byteLength(line) <= LINE_BYTES_MAX, `${Buffer.byteLength(line)} bytes`);
  if (line.includes('"event"')) assert.doesNotMatch(line.slice(0, -1), UNSAFE);
  JSON.parse(line);
}
