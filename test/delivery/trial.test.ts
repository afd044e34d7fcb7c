// What becomes of a whole outbox at brokers that refuse by rules of their own: who waits, who is given up, and for how long.
import assert from 'node:assert/strict';
import { createDrain } from '../../src/delivery/drain.ts';
import type { PublishOutcome } from '../../src/domain.ts';
import { sleep } from '../../src/support/clock.ts';
import { createSeededRandom } from '../chaos/seeded-random.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';
import { createFakeLink } from '../helpers/fake-link.ts';
import { createFakeOutbox } from '../helpers/fake-outbox.ts';
import { createRecordingLog } from '../helpers/recording-log.ts';
import { sampleNumber, sampleRequest } from '../helpers/sample-request.ts';

/** Whether it takes this request at this time. */
type Broker = (number: number, nowMs: number) => boolean;

interface Story {
  readonly requests: number;
  readonly broker: Broker;
  readonly forMs: number;
  readonly flightMs?: number;
  /** One more request every so often, after those. */
  readonly everyMs?: number;
  readonly reasonCode?: number;
}

interface Ending {
  readonly delivered: readonly number[];
  /** When, in milliseconds, by number. */
  readonly deliveredMs: ReadonlyMap<number, number>;
  readonly quarantined: readonly number[];
  readonly left: readonly number[];
  readonly sent: number;
}

async function tell({ requests, broker, forMs, ...story }: Story): Promise<Ending> {
  const { flightMs = 10, everyMs, reasonCode = 151 } = story;
  const clock = createFakeClock();
  const outbox = createFakeOutbox();
  const link = createFakeLink();
  const deliveredMs = new Map<number, number>();
  let sent = 0;
  const online = new AbortController();
  const drain = createDrain({
    ...{ outbox, clock, log: createRecordingLog(), pace: { drainPerSecond: 0 } },
    messageOf: ({ requestId, payload }) => ({ topic: requestId, payload, qos: 1, retain: false }),
    onSending: () => (sent += 1),
    onDelivered: (request) => deliveredMs.set(sampleNumber(request), clock.monotonicMs()),
  });
  const publish = async (number: number): Promise<PublishOutcome> => {
    await sleep(clock, flightMs);
    return broker(number, clock.monotonicMs())
      ? { kind: 'acknowledged' }
      : { kind: 'refused', reasonCode, reason: 'a rule' };
  };
  let number = 0;
  const add = async (): Promise<void> => {
    await outbox.add(sampleRequest((number += 1)), { online: true });
    drain.wake();
  };
  while (number < requests) await add();
  const running = drain.run(
    { ...link, publish: ({ topic }) => publish(sampleNumber({ requestId: topic })) },
    online.signal,
  );
  await pass(clock, forMs, everyMs === undefined ? undefined : { everyMs, add });
  online.abort();
  await settle();
  await clock.advance(flightMs);
  await running;
  const left: number[] = [];
  outbox.oldest((entry) => left.push(entry.sequence) < 0);
  return {
    ...{ deliveredMs, left, sent, delivered: [...deliveredMs.keys()] },
    quarantined: outbox.inQuarantine.map(({ entry }) => entry.sequence),
  };
}

async function pass(
  clock: FakeClock,
  forMs: number,
  more: { readonly everyMs: number; readonly add: () => Promise<void> } | undefined,
): Promise<void> {
  for (let atMs = 0; more !== undefined && atMs < forMs; atMs += more.everyMs) {
    await more.add();
    await clock.advance(more.everyMs);
  }
  if (more === undefined) await clock.advance(forMs);
}

const MINUTE_MS = 60_000;
const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe('drain() at a broker with rules of its own', function () {
  this.timeout(20_000);

  const rows: readonly { bad: readonly number[]; requests: number }[] = [
    { bad: [1], requests: 10 },
    { bad: [1, 2], requests: 10 },
    { bad: [1, 2, 3, 4, 5], requests: 12 },
    { bad: range(1, 20), requests: 30 },
    { bad: [1, 3, 5, 7], requests: 8 },
    { bad: [4, 5, 6], requests: 9 },
  ];
  for (const { bad, requests } of rows) {
    const numbers = bad.length > 5 ? `1 to ${bad.length}` : bad.join(', ');
    it(`delivers all others of ${requests} where it refuses ${numbers} alone, within a minute each`, async () => {
      const forMs = (bad.length + 1) * MINUTE_MS;
      const { delivered, quarantined } = await tell({
        ...{ requests, forMs },
        broker: (number) => !bad.includes(number),
      });
      const good = range(1, requests).filter((number) => !bad.includes(number));
      assert.deepEqual(delivered, good, 'in their order');
      assert.ok(quarantined.every((number) => bad.includes(number)));
    });

    it(`gives up exactly ${numbers} of ${requests} while others go on coming`, async () => {
      const { delivered, quarantined, left } = await tell({
        ...{ requests, forMs: (bad.length + 10) * 3 * MINUTE_MS, everyMs: 10_000 },
        broker: (number) => !bad.includes(number),
      });
      assert.deepEqual(
        quarantined.toSorted((a, b) => a - b),
        bad,
      );
      assert.ok(left.length <= 1 && delivered.length > requests - bad.length);
    });
  }

  for (const reasonCode of [128, 131, 135, 144, 149, 151, 153]) {
    it(`keeps all but three where everything is refused with ${reasonCode} for a day, at one or two tries a minute`, async () => {
      const { delivered, quarantined, left, sent } = await tell({
        ...{ requests: 50, forMs: 24 * 60 * MINUTE_MS, reasonCode },
        broker: () => false,
      });
      assert.deepEqual(delivered, []);
      const isOwnFault = [144, 149, 153].includes(reasonCode);
      assert.deepEqual(quarantined, isOwnFault ? [1, 2, 3] : []);
      assert.equal(left.length, 50 - quarantined.length);
      assert.ok(sent <= 24 * 60 + 60, `${sent} times`);
    });
  }

  it('delivers everything once the rule is mended, and in order but for the one that found out', async () => {
    const { delivered, deliveredMs, quarantined } = await tell({
      ...{ requests: 30, forMs: 20 * MINUTE_MS },
      broker: (_number, nowMs) => nowMs > 10 * MINUTE_MS,
    });
    const [finder = 0, ...rest] = delivered;
    assert.deepEqual(
      rest,
      range(1, 30).filter((number) => number !== finder),
    );
    assert.deepEqual(quarantined, []);
    assert.ok([...deliveredMs.values()].every((ms) => ms < 11 * MINUTE_MS + 5000));
  });

  const quotas: readonly { what: string; everyMs: number; flightMs: number }[] = [
    { what: 'one a minute', everyMs: MINUTE_MS, flightMs: 50 },
    { what: 'one in ten seconds', everyMs: 10_000, flightMs: 50 },
    { what: 'one a second', everyMs: 1000, flightMs: 20 },
    { what: 'one in 10 ms, two flights', everyMs: 10, flightMs: 5 },
    { what: 'one in five seconds on a link where each takes two', everyMs: 5000, flightMs: 2000 },
  ];
  for (const { what, everyMs, flightMs } of quotas) {
    it(`gives up none of 200 at a quota of ${what}`, async () => {
      let freeAtMs = 0;
      const { delivered, quarantined, left } = await tell({
        ...{ requests: 200, forMs: 250 * Math.max(everyMs, MINUTE_MS), flightMs },
        broker: (_number, nowMs) => {
          if (nowMs < freeAtMs) return false;
          freeAtMs = Math.max(freeAtMs + everyMs, nowMs);
          return true;
        },
      });
      assert.deepEqual(quarantined, []);
      assert.deepEqual([delivered.length, left.length], [200, 0]);
    });
  }

  it('gives up few, less than six in a hundred, where it refuses half of all tries by chance', async () => {
    const random = createSeededRandom(1);
    const { delivered, quarantined } = await tell({
      ...{ requests: 500, forMs: 600 * MINUTE_MS },
      broker: () => random.fraction() < 0.5,
    });
    assert.equal(delivered.length + quarantined.length, 500);
    assert.ok(quarantined.length < 30, `${quarantined.length} of 500`);
  });
});
