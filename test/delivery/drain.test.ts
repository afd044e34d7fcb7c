// The drain between an outbox and links that follow a script, on a clock that only the test moves.
import assert from 'node:assert/strict';
import { createDrain, type Drain } from '../../src/delivery/drain.ts';
import type { Entry, LinkFault, Qos, Request } from '../../src/domain.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';
import { createFakeLink, type FakeLink, type ScriptedPublish } from '../helpers/fake-link.ts';
import { createFakeOutbox, type FakeOutbox } from '../helpers/fake-outbox.ts';
import { createRecordingLog, type RecordingLog } from '../helpers/recording-log.ts';
import { sampleNumber, sampleRequest } from '../helpers/sample-request.ts';

const ACKNOWLEDGED = { kind: 'acknowledged' } as const;
const REFUSED = { kind: 'refused', reasonCode: 0x95, reason: 'Packet too large' } as const;
const NOT_ALLOWED = { kind: 'refused', reasonCode: 0x87, reason: 'Not authorized' } as const;
const UNSPECIFIED = { kind: 'refused', reasonCode: 0x80, reason: 'Unspecified error' } as const;
const TIMEOUT = { kind: 'timeout' } as const;
const PROBE_MS = 5000;

describe('drain()', () => {
  let clock: FakeClock;
  let log: RecordingLog;
  let outbox: FakeOutbox;
  let drain: Drain;
  let qos: Qos;
  let sending: number[];
  let delivered: number[];
  let stop: () => Promise<void>;

  beforeEach(() => {
    clock = createFakeClock();
    log = createRecordingLog();
    outbox = createFakeOutbox();
    qos = 1;
    sending = [];
    delivered = [];
    stop = () => Promise.resolve();
    drain = createTestDrain(0);
  });

  afterEach(async () => {
    await stop();
    assert.equal(clock.timers(), 0, 'it leaves no timer behind');
  });

  function createTestDrain(drainPerSecond: number): Drain {
    return createDrain({
      ...{ outbox, clock, log, pace: { drainPerSecond } },
      messageOf: ({ requestId, payload }) => ({ topic: requestId, payload, qos, retain: false }),
      onSending: (request) => sending.push(sampleNumber(request)),
      onDelivered: (request) => delivered.push(sampleNumber(request)),
    });
  }

  async function add(...numbers: readonly number[]): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    for (const number of numbers) {
      const outcome = await outbox.add(sampleRequest(number), { online: true });
      if (outcome.kind === 'stored') entries.push(outcome.entry);
    }
    drain.wake();
    return entries;
  }

  /** Starts the drain on a new link; the signal aborts when the link ends, as the connection does it. */
  async function goOnline(
    broker: readonly ScriptedPublish[] | ((topic: string) => ScriptedPublish | undefined) = [],
  ): Promise<FakeLink> {
    await stop();
    const link = createFakeLink(
      typeof broker === 'function' ? { answers: ({ topic }) => broker(topic) } : { script: broker },
    );
    const online = new AbortController();
    void link.ended.then(() => {
      online.abort();
    });
    const running = drain.run(link, online.signal);
    stop = async () => {
      link.end('stopped');
      await settle();
      await clock.advance(0);
      await running;
    };
    await clock.advance(0);
    return link;
  }

  const numbersOf = (link: FakeLink): readonly number[] =>
    link.published.map(({ topic }) => sampleNumber({ requestId: topic }));

  it('keeps the entry when the broker closes before PUBACK, and sends it again on the next link', async () => {
    const [entry] = await add(1);
    const link = await goOnline(['inFlight']);
    link.end('closedByBroker');
    await settle();
    assert.deepEqual(outbox.oldest(), entry);
    assert.deepEqual(delivered, []);
    assert.deepEqual(numbersOf(await goOnline()), [1]);
    assert.deepEqual(delivered, [1]);
  });

  it('keeps the entry when no PUBACK comes in time', async () => {
    const [entry] = await add(1);
    await goOnline([TIMEOUT]);
    assert.deepEqual(outbox.oldest(), entry);
  });

  const blameless: readonly { what: string; step: ScriptedPublish }[] = [
    { what: 'a missing PUBACK', step: TIMEOUT },
    {
      what: 'a keep-alive that ran out',
      step: { kind: 'ends', fault: 'keepalive', wholePacketWritten: true },
    },
    { what: 'a lost network', step: { kind: 'ends', fault: 'network', wholePacketWritten: true } },
    { what: 'a take-over', step: { kind: 'ends', fault: 'takenOver', wholePacketWritten: true } },
    { what: 'our own stop', step: { kind: 'ends', fault: 'stopped', wholePacketWritten: true } },
    {
      what: 'a close in mid-write',
      step: { kind: 'ends', fault: 'closedByBroker', wholePacketWritten: false },
    },
  ];
  for (const { what, step } of blameless) {
    it(`never blames the request for ${what}, however often`, async () => {
      await add(1);
      for (let turn = 0; turn < 7; turn += 1) await goOnline([step]);
      assert.equal(outbox.counts().entries, 1);
      await goOnline();
      assert.deepEqual(delivered, [1]);
      assert.deepEqual(outbox.inQuarantine, []);
    });
  }

  const closers: readonly LinkFault[] = ['closedByBroker', 'refused', 'notAuthorized'];
  for (const fault of closers) {
    it(`quarantines an entry after the broker ended three links (${fault}) that had it whole, and goes on`, async () => {
      const [poison] = await add(1, 2);
      for (let turn = 1; turn <= 3; turn += 1) {
        assert.deepEqual(outbox.oldest(), poison, `before close ${turn}`);
        const link = await goOnline([{ kind: 'ends', fault, wholePacketWritten: true }]);
        if (turn < 3) continue;
        await clock.advance(PROBE_MS - 1);
        assert.equal(
          link.problem(),
          undefined,
          'the last strike needs a link that lives without the request',
        );
        await clock.advance(1);
      }
      assert.deepEqual(
        outbox.inQuarantine.map(({ entry }) => entry),
        [poison],
      );
      assert.match(
        outbox.inQuarantine[0]?.reason ?? '',
        /^3 times the broker closed the connection when it had it whole/,
      );
      assert.deepEqual(numbersOf(await goOnline()), [2]);
      assert.deepEqual(delivered, [2]);
    });
  }

  it('counts closes of other causes in between neither way', async () => {
    await add(1);
    const whole: ScriptedPublish = { kind: 'ends', fault: 'closedByBroker', wholePacketWritten: true };
    for (const step of [whole, TIMEOUT, whole, TIMEOUT]) {
      await goOnline([step]);
      await clock.advance(PROBE_MS);
    }
    assert.equal(outbox.counts().entries, 1);
    await goOnline([whole]);
    await clock.advance(PROBE_MS);
    assert.equal(outbox.counts().quarantined, 1);
  });

  const alibis: readonly LinkFault[] = ['closedByBroker', 'takenOver', 'network', 'keepalive'];
  for (const fault of alibis) {
    it(`clears a suspect when a link ends without it (${fault})`, async () => {
      await add(1);
      const whole: ScriptedPublish = { kind: 'ends', fault: 'closedByBroker', wholePacketWritten: true };
      for (let round = 0; round < 5; round += 1) {
        for (let turn = 0; turn < 2; turn += 1) await goOnline([whole]);
        const held = await goOnline();
        await clock.advance(PROBE_MS - 1);
        held.end(fault);
        await clock.advance(0);
        assert.deepEqual(numbersOf(held), []);
      }
      assert.equal(outbox.counts().quarantined, 0);
      await goOnline();
      assert.deepEqual(delivered, [1]);
    });
  }

  it('holds a suspect of slow flights back for eight times as long', async () => {
    await add(1);
    for (let turn = 0; turn < 2; turn += 1) {
      const link = await goOnline(['inFlight']);
      await clock.advance(6000);
      link.end('closedByBroker');
      await settle();
    }
    const link = await goOnline();
    await clock.advance(47_999);
    assert.deepEqual(numbersOf(link), []);
    await clock.advance(1);
    assert.deepEqual(delivered, [1]);
  });

  it('sends what lies before the live requests at once after a restart of the broker that came at a bad time', async () => {
    await add(1);
    await goOnline([{ kind: 'ends', fault: 'closedByBroker', wholePacketWritten: true }]);
    await goOnline();
    assert.deepEqual(delivered, [1]);
  });

  it('quarantines an entry that was refused three times, a second apart, and goes on with the rest', async () => {
    const [poison] = await add(1, 2);
    const link = await goOnline([REFUSED, REFUSED, REFUSED]);
    for (const expected of [[1], [1, 1], [1, 1, 1]]) {
      assert.deepEqual(numbersOf(link), expected);
      await clock.advance(999);
      assert.deepEqual(numbersOf(link), expected);
      await clock.advance(1);
    }
    assert.deepEqual(outbox.inQuarantine, [
      { entry: poison, reason: '3 times the broker refused it: reason code 149, Packet too large' },
    ]);
    assert.deepEqual(numbersOf(link), [1, 1, 1, 2]);
    assert.deepEqual(delivered, [2]);
  });

  it('waits, longer each time, where a rule of the broker refuses every request, and quarantines nothing', async () => {
    await add(1);
    const link = await goOnline([NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, ACKNOWLEDGED]);
    for (const [afterMs, sent] of [
      [1000, 2],
      [2000, 3],
      [4000, 4],
      [8000, 5],
    ] as const) {
      await clock.advance(afterMs - 1);
      assert.equal(numbersOf(link).length, sent - 1);
      await clock.advance(1);
      assert.equal(numbersOf(link).length, sent);
    }
    assert.deepEqual(delivered, [1]);
    assert.equal(outbox.counts().quarantined, 0);
    assert.deepEqual(
      log.of('broker.refused').map(({ level }) => level),
      ['warn', 'debug', 'debug', 'debug'],
    );
  });

  for (const reasonCode of [128, 131, 135, 151]) {
    it(`lets others pass an entry that the broker alone refuses with ${reasonCode}, and quarantines it after three comparisons`, async () => {
      const [poison] = await add(1, 2, 3, 4);
      assert.ok(poison !== undefined);
      const refused = { kind: 'refused', reasonCode, reason: 'a rule' } as const;
      const link = await goOnline((topic) => (topic === poison.requestId ? refused : undefined));
      await clock.advance(3000);
      assert.deepEqual(numbersOf(link), [1, 1, 1, 2, 3, 4]);
      for (const number of [5, 6, 7]) {
        assert.deepEqual(outbox.inQuarantine, [], 'the rule may have been about the moment');
        await clock.advance(number === 5 ? 5000 : 2000);
        await add(number);
        await settle();
        assert.deepEqual(numbersOf(link).slice(-2), [1, number], 'one after the other, to be compared');
      }
      assert.deepEqual(delivered, [2, 3, 4, 5, 6, 7], 'nobody waits for it');
      assert.deepEqual(
        outbox.inQuarantine.map(({ entry }) => entry),
        [poison],
      );
      assert.match(
        outbox.inQuarantine[0]?.reason ?? '',
        new RegExp(
          `^\\d+ times the broker refused it, and took others in between: reason code ${reasonCode}, a rule$`,
        ),
      );
    });
  }

  it('gives each entry its turn, longer apart each time, where a rule refuses all, and quarantines nothing', async () => {
    await add(1, 2, 3);
    const link = await goOnline(Array.from({ length: 9 }, () => NOT_ALLOWED));
    const sent = [1, 1, 1, 2, 1, 3, 1, 2, 3];
    for (const [afterMs, count] of [
      [0, 1],
      [1000, 2],
      [2000, 4],
      [4000, 6],
      [8000, 7],
      [16_000, 8],
      [32_000, 9],
    ] as const) {
      await clock.advance(afterMs);
      assert.deepEqual(numbersOf(link), sent.slice(0, count));
    }
    await clock.advance(60_000);
    assert.deepEqual(delivered, [1, 2, 3], 'the rule was mended');
    assert.equal(outbox.counts().quarantined, 0);
  });

  it('keeps the order where a rule is mended meanwhile', async () => {
    await add(1, 2, 3, 4, 5);
    await goOnline(Array.from({ length: 4 }, () => NOT_ALLOWED));
    await clock.advance(1000 + 2000 + 4000);
    assert.deepEqual(delivered, [1, 2, 3, 4, 5]);
    assert.equal(outbox.counts().quarantined, 0);
  });

  it('says and waits as for one rule where two entries are refused by different codes', async () => {
    await add(1, 2);
    const link = await goOnline([NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, UNSPECIFIED, NOT_ALLOWED]);
    await clock.advance(1000 + 2000 + 1000);
    assert.equal(link.published.length, 5);
    assert.deepEqual(
      log.of('broker.refused').map(({ level }) => level),
      ['warn', 'debug', 'debug', 'warn', 'warn'],
    );
    assert.equal(outbox.counts().quarantined, 0);
  });

  it('does not take for a comparison what was taken on the link before', async () => {
    const [poison] = await add(1);
    assert.ok(poison !== undefined);
    for (let turn = 1; turn <= 5; turn += 1) {
      const link = await goOnline([NOT_ALLOWED, ACKNOWLEDGED]);
      await add(turn + 1);
      await clock.advance(100);
      link.end('network');
      await settle();
    }
    assert.equal(outbox.counts().quarantined, 0);
  });

  it('gives up no fourth request in a row for its own sake before the broker took another', async () => {
    await add(1, 2, 3, 4, 5);
    const link = await goOnline(Array.from({ length: 15 }, () => REFUSED));
    await clock.advance(9 * 1000 + 3000);
    assert.deepEqual(
      outbox.inQuarantine.map(({ entry }) => entry.sequence),
      [1, 2, 3],
    );
    await clock.advance(120_000);
    assert.ok(numbersOf(link).length > 15);
    assert.deepEqual(outbox.inQuarantine.length, 3, 'it may be a wrong topic, or the size that is set');
    assert.deepEqual(delivered.toSorted(), [4, 5]);
  });

  it('forgives an entry that was refused twice and then taken', async () => {
    await add(1, 2);
    const link = await goOnline([REFUSED, REFUSED, ACKNOWLEDGED, REFUSED, REFUSED]);
    await clock.advance(4000);
    assert.deepEqual(numbersOf(link), [1, 1, 1, 2, 2, 2]);
    assert.deepEqual(delivered, [1, 2]);
  });

  it('quarantines a damaged entry without sending it', async () => {
    const [, second] = await add(1, 2, 3);
    assert.ok(second !== undefined);
    outbox.damage(second, 'checksum differs');
    assert.deepEqual(numbersOf(await goOnline()), [1, 3]);
    assert.deepEqual(outbox.inQuarantine, [{ entry: second, reason: 'checksum differs' }]);
  });

  it('keeps an entry that the disk cannot read now, and tries again 10 s later', async () => {
    await add(1);
    outbox.failReads('EIO', 2);
    const link = await goOnline();
    await clock.advance(10_000);
    assert.deepEqual(log.summary(), [], 'the outbox itself tells of its disk');
    assert.deepEqual(numbersOf(link), []);
    await clock.advance(10_000);
    assert.deepEqual(delivered, [1]);
  });

  it('goes on at once where the outbox passes over an entry that the disk cannot read, and comes back to it', async () => {
    const [first] = await add(1, 2);
    assert.ok(first !== undefined);
    const whole = outbox;
    let unreadable = false;
    outbox = {
      ...whole,
      oldest: () => (unreadable ? secondOf(whole) : whole.oldest()),
      async read(entry) {
        if (entry.sequence !== first.sequence || clock.monotonicMs() > 15_000) return whole.read(entry);
        unreadable = true;
        return { kind: 'failed', code: 'EIO', detail: 'the disk says no' };
      },
    };
    const secondOf = (all: FakeOutbox): Entry | undefined => {
      const head = all.oldest();
      if (clock.monotonicMs() > 15_000) return head;
      return all.counts().entries === 2 ? { ...first, sequence: first.sequence + 1 } : undefined;
    };
    drain = createTestDrain(0);
    const link = await goOnline();
    assert.equal(clock.monotonicMs(), 0);
    assert.deepEqual(delivered, [2]);
    await clock.advance(20_000);
    assert.deepEqual(delivered, [2, 1]);
    assert.deepEqual(numbersOf(link), [2, 1]);
  });

  it('passes over an entry that a bound dropped while it waited its turn', async () => {
    drain = createTestDrain(2);
    const [, second] = await add(1, 2, 3);
    assert.ok(second !== undefined);
    const link = await goOnline();
    await outbox.remove(second);
    await clock.advance(500);
    assert.deepEqual(numbersOf(link), [1, 3]);
    assert.deepEqual(outbox.inQuarantine, []);
  });

  it('sends nothing on a link that ended while the disk was slow, and lets the next link wait its turn', async () => {
    let readsAtOnce = 0;
    let letRead = (): void => undefined;
    const fast = outbox;
    outbox = {
      ...fast,
      async read(entry) {
        readsAtOnce += 1;
        assert.equal(readsAtOnce, 1);
        await new Promise<void>((resolve) => {
          letRead = resolve;
        });
        readsAtOnce -= 1;
        return fast.read(entry);
      },
    };
    drain = createTestDrain(0);
    await add(1);
    const links = [createFakeLink(), createFakeLink()];
    const signals = links.map(() => new AbortController());
    const runs = links.map((link, index) =>
      drain.run(link, (signals[index] ?? new AbortController()).signal),
    );
    await settle();
    links[0]?.end('network');
    signals[0]?.abort();
    letRead();
    await settle();
    letRead();
    await settle();
    assert.deepEqual(
      links.map((link) => numbersOf(link)),
      [[], [1]],
    );
    assert.deepEqual([sending, delivered], [[1], [1]]);
    signals[1]?.abort();
    await Promise.all(runs);
  });

  it('removes an entry only after it was acknowledged', async () => {
    await add(1);
    const link = await goOnline(['inFlight']);
    await clock.advance(60_000);
    assert.equal(outbox.counts().entries, 1);
    assert.deepEqual(log.lines, []);
    link.answer(ACKNOWLEDGED);
    await settle();
    assert.equal(outbox.counts().entries, 0);
    assert.deepEqual(log.lines, [
      {
        ...{ level: 'info', event: 'request.acknowledged' },
        fields: { requestId: sampleRequest(1).requestId, bytes: 10, by: 'broker', ackMs: 60_000 },
      },
    ]);
  });

  it('sends on while the disk is slow to remove, eight entries behind at most, and tells of them in their order', async () => {
    const removals: (() => void)[] = [];
    const fast = outbox;
    outbox = {
      ...fast,
      async remove(entry) {
        await fast.remove(entry);
        await new Promise<void>((resolve) => removals.push(resolve));
      },
    };
    drain = createTestDrain(0);
    const all = Array.from({ length: 11 }, (_, at) => at + 1);
    await add(...all);
    const link = await goOnline();
    assert.deepEqual(numbersOf(link), all.slice(0, 9));
    removals[1]?.();
    await settle();
    assert.deepEqual(delivered, [], 'the second is gone, but the first comes first');
    removals[0]?.();
    await settle();
    assert.deepEqual(delivered, [1, 2]);
    for (let at = 2; at < all.length; at += 1) {
      removals[at]?.();
      await settle();
    }
    assert.deepEqual(delivered, all);
  });

  it('removes an entry of QoS 0 once it is sent', async () => {
    qos = 0;
    await add(1);
    await goOnline();
    assert.equal(outbox.counts().entries, 0);
    assert.deepEqual(delivered, [1]);
  });

  it('sends in order with one in flight', async () => {
    await add(1, 2, 3);
    const link = await goOnline(['inFlight', 'inFlight', 'inFlight']);
    for (const expected of [[1], [1, 2], [1, 2, 3]]) {
      assert.deepEqual(numbersOf(link), expected);
      assert.equal(link.inFlight(), 1);
      link.answer(ACKNOWLEDGED);
      await settle();
    }
    assert.deepEqual(delivered, [1, 2, 3]);
  });

  it('names a request before it is on the wire, because its result may come before its acknowledgement', async () => {
    await add(1);
    await goOnline(['inFlight']);
    assert.deepEqual([sending, delivered], [[1], []]);
  });

  it('paces what was stored before the link came up', async () => {
    drain = createTestDrain(2);
    await add(1, 2, 3);
    const link = await goOnline();
    for (const expected of [[1], [1, 2], [1, 2, 3]]) {
      assert.deepEqual(numbersOf(link), expected);
      await clock.advance(499);
      assert.deepEqual(numbersOf(link), expected);
      await clock.advance(1);
    }
  });

  it('paces what queues up behind the backlog', async () => {
    drain = createTestDrain(2);
    await add(1, 2);
    const link = await goOnline();
    await add(3);
    await settle();
    assert.deepEqual(numbersOf(link), [1]);
    await clock.advance(500);
    assert.deepEqual(numbersOf(link), [1, 2]);
    await clock.advance(500);
    assert.deepEqual(numbersOf(link), [1, 2, 3]);
  });

  it('sends live requests at once, as soon as the backlog is gone', async () => {
    drain = createTestDrain(2);
    await add(1, 2);
    const link = await goOnline();
    await clock.advance(500);
    await add(3, 4, 5);
    await settle();
    assert.deepEqual(numbersOf(link), [1, 2, 3, 4, 5]);
  });

  it('sends a backlog as fast as the link where no pace is set', async () => {
    await add(1, 2, 3, 4);
    assert.deepEqual(numbersOf(await goOnline()), [1, 2, 3, 4]);
  });

  it('keeps its pace over 20 entries whatever each acknowledgement takes', async () => {
    drain = createTestDrain(2);
    await add(...Array.from({ length: 20 }, (_, index) => index + 1));
    const link = await goOnline(Array.from({ length: 20 }, () => 'inFlight' as const));
    for (let sent = 1; sent <= 20; sent += 1) {
      assert.equal(link.published.length, sent);
      await clock.advance(100);
      link.answer(ACKNOWLEDGED);
      await clock.advance(400);
    }
    assert.equal(delivered.length, 20);
  });

  it('sends nothing more once the link has ended, also in the middle of its pause', async () => {
    drain = createTestDrain(2);
    await add(1, 2);
    const link = await goOnline();
    link.end('network');
    await clock.advance(60_000);
    assert.deepEqual(numbersOf(link), [1]);
    assert.equal(outbox.counts().entries, 1);
  });

  it('sleeps on an empty outbox until it is woken', async () => {
    const link = await goOnline();
    await clock.advance(3_600_000);
    assert.equal(clock.timers(), 0);
    await add(1);
    await settle();
    assert.deepEqual(numbersOf(link), [1]);
  });

  it('gives messageOf() the request as it was stored', async () => {
    const seen: Request[] = [];
    drain = createDrain({
      ...{
        outbox,
        clock,
        log,
        pace: { drainPerSecond: 0 },
        onSending: () => undefined,
        onDelivered: () => undefined,
      },
      messageOf: (request) => {
        seen.push(request);
        return { topic: request.requestId, payload: request.payload, qos: 1, retain: false };
      },
    });
    await add(1);
    await goOnline();
    assert.deepEqual(seen, [sampleRequest(1)]);
  });
});
