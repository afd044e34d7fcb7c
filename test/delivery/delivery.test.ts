// Connection, drain and the other users of a link together.
import assert from 'node:assert/strict';
import { createDelivery, type Delivery, type LinkUser } from '../../src/delivery/delivery.ts';
import type { RateLimits } from '../../src/delivery/rate-window.ts';
import type { OpenOutcome } from '../../src/domain.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';
import { createFakeLink, problemOf, type FakeLink } from '../helpers/fake-link.ts';
import { createFakeOutbox, type FakeOutbox } from '../helpers/fake-outbox.ts';
import { createFixedRandom } from '../helpers/fixed-random.ts';
import { createRecordingLog, type RecordingLog } from '../helpers/recording-log.ts';
import { sampleNumber, sampleRequest } from '../helpers/sample-request.ts';

const STATUS = { topic: 'device/d/status', payload: new Uint8Array(), qos: 1, retain: true } as const;

describe('createDelivery()', () => {
  let clock: FakeClock;
  let outbox: FakeOutbox;
  let delivered: number[];
  let stopping: AbortController;
  let log: RecordingLog;

  beforeEach(() => {
    clock = createFakeClock();
    outbox = createFakeOutbox();
    delivered = [];
    stopping = new AbortController();
    log = createRecordingLog();
  });

  function create(
    links: readonly FakeLink[],
    users: readonly LinkUser[] = [],
    rateLimits?: RateLimits,
  ): Delivery {
    const script = [...links];
    return createDelivery({
      ...{ clock, outbox, users, log, random: createFixedRandom(), pace: { drainPerSecond: 0 } },
      connection: () => ({
        ...(rateLimits === undefined ? {} : { rateLimits }),
        policy: { baseSeconds: 1, maxSeconds: 32, jitter: 'none', spreadSeconds: 0, stableSeconds: 20 },
        openLink: () => {
          const link = script.shift();
          return Promise.resolve<OpenOutcome>(
            link === undefined ? { kind: 'failed', problem: problemOf('network') } : { kind: 'open', link },
          );
        },
      }),
      messageOf: ({ requestId, payload }) => ({ topic: requestId, payload, qos: 1, retain: false }),
      onSending: () => undefined,
      onDelivered: (request) => delivered.push(sampleNumber(request)),
    });
  }

  it('delivers what a link lost on the next one', async () => {
    const first = createFakeLink({ script: ['inFlight'] });
    const delivery = create([first, createFakeLink()]);
    await outbox.add(sampleRequest(1), { online: false });
    const running = delivery.run(stopping.signal);
    await settle();
    first.end('network');
    await clock.advance(999);
    assert.deepEqual(delivered, []);
    await clock.advance(1);
    assert.deepEqual(delivered, [1]);
    stopping.abort();
    await running;
  });

  it('has a link while one is up, and only then', async () => {
    const link = createFakeLink();
    const delivery = create([link]);
    assert.equal(delivery.link(), undefined);
    const running = delivery.run(stopping.signal);
    await settle();
    assert.equal(delivery.link(), link);
    link.end('network');
    await settle();
    assert.equal(delivery.link(), undefined);
    stopping.abort();
    await running;
  });

  it('sends a new entry as soon as it is woken', async () => {
    const delivery = create([createFakeLink()]);
    const running = delivery.run(stopping.signal);
    await settle();
    await outbox.add(sampleRequest(1), { online: true });
    delivery.wake();
    await settle();
    assert.deepEqual(delivered, [1]);
    stopping.abort();
    await running;
  });

  it('ends only when everybody who used a link is at rest', async () => {
    const link = createFakeLink();
    let finish = (): void => undefined;
    const slow: LinkUser = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    let ended = false;
    const running = create([link], [slow])
      .run(stopping.signal)
      .then(() => {
        ended = true;
      });
    await settle();
    stopping.abort();
    await settle();
    assert.equal(link.problem()?.fault, 'stopped');
    assert.equal(ended, false);
    finish();
    await running;
  });

  it('gives every user each link with the signal of its end', async () => {
    const links = [createFakeLink(), createFakeLink()];
    const signals: AbortSignal[] = [];
    const user: LinkUser = async (link, signal) => {
      signals.push(signal);
      await link.publish(STATUS);
    };
    const running = create(links, [user, user]).run(stopping.signal);
    await settle();
    links[0]?.end('network');
    await clock.advance(1000);
    assert.deepEqual(
      links.map(({ published }) => published.length),
      [2, 2],
    );
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true, true, false, false],
    );
    stopping.abort();
    await running;
  });

  it("says once what the broker refuses a link's users", async () => {
    const refused = { kind: 'refused', reasonCode: 135, reason: 'Not authorized' } as const;
    const link = createFakeLink({ script: [refused, refused] });
    const user: LinkUser = async (one) => {
      for (let turn = 0; turn < 2; turn += 1) await one.publish(STATUS);
    };
    const running = create([link], [user]).run(stopping.signal);
    await settle();
    const told = log.of('broker.refused').map(({ fields }) => [fields['topic'], fields['reasonCode']]);
    assert.deepEqual(told, [['device/d/status', 135]]);
    stopping.abort();
    await running;
  });

  it('counts requests and everything else together where the broker has a rate', async () => {
    const link = createFakeLink();
    const user: LinkUser = async (one) => {
      await one.publish(STATUS);
    };
    const delivery = create([link], [user], { messagesPerSecond: 2, bytesPerSecond: 1e6 });
    for (const number of [1, 2, 3]) await outbox.add(sampleRequest(number), { online: true });
    const running = delivery.run(stopping.signal);
    await clock.advance(999);
    assert.equal(link.published.length, 2);
    await clock.advance(1);
    assert.equal(link.published.length, 4);
    stopping.abort();
    await running;
  });

  it('never blames a request for a broker in a crash loop, nor for another client with the same id', async () => {
    // Each link dies 600 ms after it came up, with the request in flight or without it.
    const links = Array.from({ length: 40 }, () => createFakeLink({ script: ['inFlight'] }));
    const delivery = create(links);
    await outbox.add(sampleRequest(1), { online: false });
    const running = delivery.run(stopping.signal);
    await settle();
    for (const link of links) {
      while (delivery.link() !== link) await clock.advance(1000);
      await clock.advance(600);
      link.end('closedByBroker');
      await settle();
    }
    assert.equal(outbox.counts().quarantined, 0);
    const sent = links.filter(({ published }) => published.length > 0).length;
    assert.ok(sent > links.length / 2, 'it goes on trying');
    stopping.abort();
    await running;
  });
});
