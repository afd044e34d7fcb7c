// One contract for all links: at a mosquitto behind a proxy that breaks, through the Greengrass IPC, and the fake of other tests.
import assert from 'node:assert/strict';
import type { Link, Qos } from '../../src/domain.ts';
import * as greengrass from '../cloud/greengrass/link-bench.ts';
import { startNucleus } from '../cloud/greengrass/start-nucleus.ts';
import { startBreakingProxy } from '../helpers/breaking-proxy.ts';
import { createFakeLink } from '../helpers/fake-link.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { Scope } from '../helpers/scope.ts';
import { message, openedLink } from './link-bench.ts';

interface Subject {
  readonly link: Link;
  /** From now on no answer comes back. */
  readonly silence: () => void | Promise<void>;
  /** The far side closes. */
  readonly cut: () => void | Promise<void>;
}

/** What the fake is to do with the one PUBLISH of a test; the real link finds out by itself. */
type Fate = 'answered' | 'inFlight' | 'timeout';

const OUT = 'device/image/request';
const REASON = { fault: 'network', detail: 'the test says so', remedy: 'none' } as const;

interface Kind {
  readonly name: string;
  /** The highest that it has. */
  readonly qos: 1 | 2;
  readonly open: (scope: Scope, fate: Fate) => Promise<Subject>;
}

/** Only who waits for the deadline has it short: a busy machine answers late. */
function ackTimeoutSeconds(fate: Fate): number {
  return fate === 'timeout' ? 0.2 : 20;
}

const links: readonly Kind[] = [
  {
    name: 'to a broker',
    qos: 2,
    async open(scope, fate) {
      const broker = await startMosquitto(scope);
      const proxy = await startBreakingProxy(scope, broker.port);
      const { link } = await openedLink(scope, {
        url: proxy.url,
        ackTimeoutSeconds: ackTimeoutSeconds(fate),
      });
      return {
        link,
        silence: () => {
          proxy.mode = 'drop-server-to-client';
        },
        cut: () => {
          proxy.reset();
        },
      };
    },
  },
  {
    name: 'through a Greengrass nucleus',
    qos: 1,
    async open(scope, fate) {
      const nucleus = await startNucleus(scope);
      const bench = { env: nucleus.env, settings: { ackTimeoutSeconds: ackTimeoutSeconds(fate) } };
      const { link } = await greengrass.openedLink(scope, bench);
      const silence = (): Promise<void> => nucleus.set({ publish: 'silent' });
      return { link, silence, cut: () => nucleus.cut() };
    },
  },
  {
    name: 'of the tests',
    qos: 2,
    open(_, fate) {
      const timeout = { kind: 'timeout' } as const;
      const script = { answered: [], inFlight: ['inFlight'] as const, timeout: [timeout] }[fate];
      const link = createFakeLink({ script });
      const cut = (): void => {
        link.end('closedByBroker');
      };
      return Promise.resolve({ link, silence: () => undefined, cut });
    },
  },
];

for (const { name, qos: highest, open } of links) {
  describe(`Link ${name}`, () => {
    const scope = new Scope();
    afterEach(() => scope.end());

    for (const qos of ([1, 2] as const).filter((each) => each <= highest)) {
      it(`ends by itself, naming ackTimeout, when a publish of QoS ${qos} is not acknowledged in time`, async () => {
        const { link, silence } = await open(scope, 'timeout');
        await silence();
        assert.deepEqual(await link.publish(message(OUT, 'x', qos)), { kind: 'timeout' });
        const { fault, detail, remedy } = await link.ended;
        assert.equal(fault, 'ackTimeout');
        assert.ok(detail !== '' && remedy !== '');
        assert.deepEqual(await link.publish(message(OUT, 'x', qos)), LOST_BEFORE);
      });
    }

    it('loses a publish in flight when the far side closes, and says that it was written whole', async () => {
      const { link, silence, cut } = await open(scope, 'inFlight');
      await silence();
      const outcome = link.publish(message(OUT, 'x'));
      // Its few bytes have left for the system by then.
      await new Promise((resolve) => setImmediate(resolve));
      await cut();
      assert.deepEqual(await outcome, { kind: 'lost', wholePacketWritten: true });
      assert.equal((await link.ended).fault, 'closedByBroker');
      assert.deepEqual(await link.publish(message(OUT, 'x')), LOST_BEFORE);
    });

    it('keeps the first cause of its end', async () => {
      const { link, cut } = await open(scope, 'answered');
      link.abort(REASON);
      await cut();
      link.abort({ ...REASON, fault: 'keepalive' });
      await link.close();
      assert.deepEqual(await link.ended, REASON);
      assert.deepEqual(await link.publish(message(OUT, 'x')), LOST_BEFORE);
    });

    it('closes twice without harm, and was then stopped', async () => {
      const { link } = await open(scope, 'answered');
      await Promise.all([link.close(), link.close()]);
      assert.equal((await link.ended).fault, 'stopped');
      assert.deepEqual(await link.publish(message(OUT, 'x')), LOST_BEFORE);
    });

    const answers: readonly (readonly [Qos, string])[] = [
      [0, 'sent'],
      [1, 'acknowledged'],
      [2, 'acknowledged'],
    ];
    for (const [qos, kind] of answers.filter(([each]) => each <= highest)) {
      it(`has a publish of QoS ${qos} ${kind}`, async () => {
        const { link } = await open(scope, 'answered');
        assert.deepEqual(await link.publish(message(OUT, 'x', qos)), { kind });
      });
    }
  });
}

const LOST_BEFORE = { kind: 'lost', wholePacketWritten: false } as const;
