// Connection, drain and the other users of a link together.
import assert from 'node:assert/strict';
import { createDelivery, type Delivery, type LinkUser } from '../../src/delivery/delivery.ts';
import type { OpenOutcome } from '../../src/domain.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';
import { createFakeLink, problemOf, type FakeLink } from '../helpers/fake-link.ts';
import { createFakeOutbox, type FakeOutbox } from '../helpers/fake-outbox.ts';
import { createFixedRandom } from '../helpers/fixed-random.ts';
import { createRecordingLog } from '../helpers/recording-log.ts';
import { sampleNumber, sampleRequest } from '../helpers/sample-request.ts';

describe('createDelivery()', () => {
  let clock: FakeClock;
  let outbox: FakeOutbox;
  let delivered: number[];
  let stopping: AbortController;

  beforeEach(() => {
    clock = createFakeClock();
    outbox = createFakeOutbox();
    delivered = [];
    stopping = new AbortController();
  });

  function create(links: readonly FakeLink[], users: readonly LinkUser[] = []): Delivery {
    const script = [...links];
    return createDelivery({
      ...{ clock, outbox, users, log: createRecordingLog(), random: createFixedRandom(), drainPerSecond: 0 },
      policy: { baseSeconds: 1, maxSeconds: 32, jitter: 'none', spreadSeconds: 0, stableSeconds: 20 },
      openLink: () => {
        const link = script.shift();
        return Promise.resolve<OpenOutcome>(
          link === undefined ? { kind: 'failed', problem: problemOf('network') } : { kind: 'open', link },
        );
      },
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
    const seen: { link: unknown; signal: AbortSignal }[] = [];
    const user: LinkUser = async (link, signal) => {
      seen.push({ link, signal });
    };
    const running = create(links, [user, user]).run(stopping.signal);
    await settle();
    links[0]?.end('network');
    await clock.advance(1000);
    assert.deepEqual(
      seen.map(({ link }) => link),
      [links[0], links[0], links[1], links[1]],
    );
    assert.deepEqual(
      seen.map(({ signal }) => signal.aborted),
      [true, true, false, false],
    );
    stopping.abort();
    await running;
  });
});
