// The connection between a scripted broker and a clock that only the test moves.
import assert from 'node:assert/strict';
import { keepConnected, type ConnectionDeps, type ConnectionPolicy } from '../../src/delivery/connection.ts';
import type { Link, LinkFault, LinkProblem, OpenOutcome } from '../../src/domain.ts';
import { orAborted } from '../../src/support/abort.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';
import { createFakeLink, problemOf, type FakeLink } from '../helpers/fake-link.ts';
import { createFixedRandom } from '../helpers/fixed-random.ts';
import { createRecordingLog, type RecordingLog } from '../helpers/recording-log.ts';

const PLAIN: ConnectionPolicy = {
  ...{ baseSeconds: 1, maxSeconds: 32, jitter: 'none', spreadSeconds: 0 },
  stableSeconds: 20,
};

/** What the next attempt comes to: a fault, a problem in full, or a link. */
type Attempt = LinkFault | LinkProblem | FakeLink;

describe('keepConnected()', () => {
  let clock: FakeClock;
  let log: RecordingLog;
  let attemptsAtMs: number[];
  let online: { link: Link; signal: AbortSignal }[];
  let offlines: number;
  let stop: () => Promise<void>;

  beforeEach(() => {
    clock = createFakeClock();
    log = createRecordingLog();
    attemptsAtMs = [];
    online = [];
    offlines = 0;
    stop = () => Promise.resolve();
  });

  afterEach(async () => {
    await stop();
    assert.equal(clock.timers(), 0, 'it leaves no timer behind');
    assert.equal(offlines, online.length, 'every link that came online went offline');
  });

  /** Connects with `attempts` in turn; all further ones meet a lost network. */
  async function connect(
    attempts: readonly Attempt[],
    options: {
      policy?: Partial<ConnectionPolicy>;
      fractions?: readonly number[];
      takesMs?: number;
      clockSync?: NonNullable<ConnectionDeps['clockSync']>;
    } = {},
  ): Promise<void> {
    const script = [...attempts];
    const stopping = new AbortController();
    const running = keepConnected(
      {
        ...{ clock, log, random: createFixedRandom(options.fractions) },
        policy: { ...PLAIN, ...options.policy },
        ...(options.clockSync === undefined ? {} : { clockSync: options.clockSync }),
        async openLink(signal) {
          attemptsAtMs.push(clock.monotonicMs());
          await new Promise<void>((resolve) => {
            const cancel = clock.timer(options.takesMs ?? 0, resolve);
            signal.addEventListener('abort', () => {
              cancel();
              resolve();
            });
          });
          return outcomeOf(signal.aborted ? 'stopped' : (script.shift() ?? 'network'));
        },
        onOnline: (link, signal) => online.push({ link, signal }),
        onOffline: () => {
          offlines += 1;
        },
      },
      stopping.signal,
    );
    stop = async () => {
      stopping.abort();
      await running;
    };
    await clock.advance(options.takesMs ?? 0);
  }

  /** Milliseconds between one attempt and the next. */
  const gaps = (): readonly number[] =>
    attemptsAtMs.slice(1).map((at, index) => at - (attemptsAtMs[index] ?? 0));

  const delays: readonly {
    what: string;
    policy: Partial<ConnectionPolicy>;
    fractions: readonly number[];
    expected: readonly number[];
  }[] = [
    {
      what: 'min(2^n * base, max) without jitter',
      ...{ policy: {}, fractions: [0.5] },
      expected: [1000, 2000, 4000, 8000, 16_000, 32_000, 32_000],
    },
    {
      what: 'another base and maximum',
      ...{ policy: { baseSeconds: 3, maxSeconds: 20 }, fractions: [0.5] },
      expected: [3000, 6000, 12_000, 20_000, 20_000],
    },
    {
      what: 'a share of that with full jitter',
      ...{ policy: { jitter: 'full' as const }, fractions: [1, 0.5, 0.75] },
      expected: [1000, 1000, 3000, 8000, 8000, 24_000],
    },
    {
      what: 'a share of the spread first',
      ...{ policy: { spreadSeconds: 5 }, fractions: [0.6] },
      expected: [3000, 2000, 4000, 8000],
    },
    {
      what: 'a second at least, whatever the jitter draws',
      ...{ policy: { jitter: 'full' as const, spreadSeconds: 5 }, fractions: [0] },
      expected: [1000, 1000, 1000, 1000],
    },
  ];
  for (const { what, policy, fractions, expected } of delays) {
    it(`waits ${what}`, async () => {
      await connect([], { policy, fractions });
      await clock.advance(expected.reduce((sum, ms) => sum + ms, 0));
      assert.deepEqual(gaps(), expected);
    });
  }

  it('counts the time an attempt takes toward the second between two attempts', async () => {
    await connect([], { policy: { jitter: 'full' }, fractions: [0], takesMs: 700 });
    await clock.advance(2000);
    assert.deepEqual(gaps(), [1000, 1000]);
  });

  it('goes on counting attempts after a link that did not last, and starts again after one that did', async () => {
    const short = createFakeLink();
    const long = createFakeLink();
    await connect(['network', 'network', short, 'network', long]);
    await clock.advance(3000);
    await clock.advance(19_999);
    short.end('network');
    await clock.advance(4000);
    await clock.advance(8000);
    await clock.advance(20_000);
    long.end('network');
    await clock.advance(1000);
    await clock.advance(2000);
    assert.deepEqual(gaps(), [1000, 2000, 19_999 + 4000, 8000, 20_000 + 1000, 2000]);
  });

  it('says one line for each change of cause, and the rest at debug', async () => {
    const link = createFakeLink();
    await connect(['network', 'network', 'dns', 'dns', 'dns', 'notAuthorized', 'network', link, 'network']);
    await clock.advance(200_000);
    link.end('closedByBroker');
    await clock.advance(1000);
    assert.deepEqual(log.summary().slice(0, 10), [
      ...['warn broker.retry', 'debug broker.retry'],
      ...['warn broker.retry', 'debug broker.retry', 'debug broker.retry'],
      ...['warn broker.refused', 'warn broker.retry'],
      ...['info broker.connected', 'warn broker.lost', 'warn broker.retry'],
    ]);
  });

  it('says nothing new when an attempt fails for the cause that ended the link', async () => {
    const link = createFakeLink();
    await connect([link, 'network', 'dns']);
    link.end('network');
    await clock.advance(3000);
    assert.deepEqual(log.summary(), [
      ...['info broker.connected', 'warn broker.lost', 'debug broker.retry', 'warn broker.retry'],
    ]);
  });

  it('takes another remedy for another cause, and another detail for the same', async () => {
    const problems = [
      { fault: 'tls', detail: 'CERT_NOT_YET_VALID', remedy: 'set the clock' },
      { fault: 'tls', detail: 'CERT_NOT_YET_VALID again', remedy: 'set the clock' },
      { fault: 'tls', detail: 'CERT_HAS_EXPIRED', remedy: 'renew it' },
    ] as const;
    await connect(problems);
    await clock.advance(3000);
    assert.deepEqual(log.summary().slice(0, 3), [
      ...['warn broker.retry', 'debug broker.retry', 'warn broker.retry'],
    ]);
  });

  describe('where TLS fails before the clock is synchronised', () => {
    let synchronise: () => void;
    const sync = (): NonNullable<ConnectionDeps['clockSync']> => {
      let synchronised = false;
      const isSo = new Promise<void>((resolve) => {
        synchronise = () => {
          synchronised = true;
          resolve();
        };
      });
      return {
        synchronised: () => synchronised,
        untilSynchronised: async (signal) => {
          await orAborted(isSo, signal);
        },
      };
    };

    it('tries again at once when it is, and goes on as always', async () => {
      await connect(['tls', 'tls', 'tls', 'tls'], { clockSync: sync() });
      await clock.advance(1000 + 2000 + 1500); // 1500 ms into a delay of 4000 ms
      synchronise();
      await clock.advance(8000);
      assert.deepEqual(gaps(), [1000, 2000, 1500, 8000]);
    });

    it('keeps the second between two attempts', async () => {
      await connect(['tls', 'tls', 'tls'], { clockSync: sync() });
      await clock.advance(1000 + 200);
      synchronise();
      await clock.advance(800);
      assert.deepEqual(gaps(), [1000, 1000]);
    });

    it('waits its time for any other failure', async () => {
      await connect(['network', 'network'], { clockSync: sync() });
      await clock.advance(1000 + 500);
      synchronise();
      await clock.advance(1500);
      assert.deepEqual(gaps(), [1000, 2000]);
    });

    it('stops while it waits', async () => {
      await connect(['tls'], { clockSync: sync() });
      await stop();
      assert.equal(attemptsAtMs.length, 1);
    });
  });

  const answered: readonly LinkFault[] = [
    ...(['protocolVersion', 'clientId', 'credentials', 'notAuthorized'] as const),
    ...(['serverBusy', 'refused', 'subscribe'] as const),
  ];
  const unanswered: readonly LinkFault[] = ['network', 'dns', 'refusedConnection', 'tls', 'noConnack'];
  for (const fault of [...answered, ...unanswered]) {
    const event = answered.includes(fault) ? 'broker.refused' : 'broker.retry';
    it(`calls ${fault} ${event}, with cause, remedy and the time of the next attempt`, async () => {
      await connect([fault]);
      assert.deepEqual(log.lines, [
        { level: 'warn', event, fields: { ...problemOf(fault), retryInMs: 1000 } },
      ]);
    });
  }

  it('hands out each link with a signal that aborts when the link ends', async () => {
    const link = createFakeLink();
    await connect([link]);
    assert.deepEqual(
      online.map(({ link: given }) => given),
      [link],
    );
    assert.equal(online[0]?.signal.aborted, false);
    link.end('keepalive');
    await settle();
    assert.equal(online[0].signal.aborted, true);
    assert.deepEqual(
      log.of('broker.lost').map(({ fields }) => fields),
      [problemOf('keepalive')],
    );
  });

  it('stops while it connects', async () => {
    await connect([], { takesMs: 10_000 });
    await clock.advance(1000);
    assert.equal(attemptsAtMs.length, 2, 'the second attempt is under way');
    await stop();
    assert.deepEqual(online, []);
    assert.deepEqual(log.summary(), ['warn broker.retry'], 'the stop itself is no failure');
  });

  it('stops while it waits', async () => {
    await connect([]);
    await stop();
    await clock.advance(60_000);
    assert.equal(attemptsAtMs.length, 1);
  });

  it('stops while it is online, and closes the link', async () => {
    const link = createFakeLink();
    await connect([link]);
    await stop();
    assert.equal(link.problem()?.fault, 'stopped');
    assert.deepEqual(log.summary(), ['info broker.connected']);
    assert.equal(online[0]?.signal.aborted, true);
  });

  it('closes a link that came up after it was told to stop', async () => {
    const link = createFakeLink();
    const stopping = new AbortController();
    await keepConnected(
      {
        ...{ clock, log, random: createFixedRandom(), policy: PLAIN },
        openLink() {
          stopping.abort();
          return Promise.resolve<OpenOutcome>({ kind: 'open', link });
        },
        onOnline: (given, signal) => online.push({ link: given, signal }),
        onOffline: () => {
          offlines += 1;
        },
      },
      stopping.signal,
    );
    assert.equal(link.problem()?.fault, 'stopped');
  });

  it('tries nothing when it is stopped before it starts', async () => {
    await keepConnected(
      {
        ...{ clock, log, random: createFixedRandom(), policy: PLAIN },
        openLink: () => assert.fail('no attempt'),
        onOnline: () => assert.fail('no link'),
        onOffline: () => assert.fail('no link'),
      },
      AbortSignal.abort(),
    );
    assert.deepEqual(log.lines, []);
  });
});

function outcomeOf(attempt: Attempt): OpenOutcome {
  if (typeof attempt === 'string') return { kind: 'failed', problem: problemOf(attempt) };
  return 'fault' in attempt ? { kind: 'failed', problem: attempt } : { kind: 'open', link: attempt };
}
