// When a PINGREQ is due and when a broker counts as silent: to the second on a fake clock, then on the wire.
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { linkProblem } from '../../src/mqtt/problem.ts';
import { startKeepAlive, type KeepAlive } from '../../src/mqtt/keep-alive.ts';
import { Arrivals } from '../helpers/arrivals.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';
import { startRawServer } from '../helpers/raw-server.ts';
import { Scope } from '../helpers/scope.ts';
import { message, openedLink } from './link-bench.ts';

const KEEPALIVE_MS = 60_000;

interface Bench {
  readonly clock: FakeClock;
  readonly keepAlive: KeepAlive;
  /** Monotonic times of each. */
  readonly pings: readonly number[];
  readonly silent: readonly number[];
}

function bench({ keepaliveMs = KEEPALIVE_MS, heldUpMs = (): number => 0 } = {}): Bench {
  const fake = createFakeClock();
  const clock = { ...fake, monotonicMs: () => fake.monotonicMs() + heldUpMs() };
  const [pings, silent]: number[][] = [[], []];
  const keepAlive = startKeepAlive({
    ...{ clock, keepaliveMs },
    sendPing: () => pings?.push(clock.monotonicMs()),
    onSilent: () => silent?.push(clock.monotonicMs()),
  });
  return { clock, keepAlive, pings: pings ?? [], silent: silent ?? [] };
}

describe('startKeepAlive()', () => {
  it('asks at three quarters of the interval, and calls a broker silent after one and a half', async () => {
    const { clock, pings, silent } = bench();
    await clock.advance(89_999);
    assert.deepEqual([pings, silent], [[45_000], []]);
    await clock.advance(1);
    assert.deepEqual(silent, [90_000]);
    await clock.advance(1_000_000);
    assert.deepEqual([pings, silent, clock.timers()], [[45_000], [90_000], 0]);
  });

  it('asks in time while the broker talks without a pause, and needs no answer to it', async () => {
    const { clock, keepAlive, pings, silent } = bench();
    for (let second = 0; second < 600; second += 1) {
      await clock.advance(1000);
      keepAlive.heard();
    }
    assert.deepEqual(silent, []);
    assert.deepEqual(pings.slice(0, 3), [45_000, 90_000, 135_000]);
    assert.equal(pings.length, 13);
  });

  it('calls a broker silent that stops in the middle of a flood, one and a half intervals after its last byte', async () => {
    const { clock, keepAlive, silent } = bench();
    for (let second = 0; second < 100; second += 1) {
      await clock.advance(1000);
      keepAlive.heard();
    }
    await clock.advance(89_999);
    assert.deepEqual(silent, []);
    await clock.advance(1);
    assert.deepEqual(silent, [190_000]);
  });

  it('asks a broker that only takes: what goes out is not a sign of its life', async () => {
    const { clock, keepAlive, pings, silent } = bench();
    for (let second = 0; second < 90; second += 1) {
      await clock.advance(1000);
      keepAlive.sent();
    }
    assert.deepEqual([pings, silent], [[45_000], [90_000]]);
  });

  it('asks nothing while packets go both ways', async () => {
    const { clock, keepAlive, pings } = bench();
    for (let second = 0; second < 600; second += 1) {
      await clock.advance(1000);
      keepAlive.sent();
      keepAlive.heard();
    }
    assert.deepEqual(pings, []);
  });

  it('asks, and waits for the answer, when the process was held up for hours', async () => {
    let heldUpMs = 0;
    const { clock, keepAlive, pings, silent } = bench({ heldUpMs: () => heldUpMs });
    heldUpMs = 10_000_000;
    await clock.advance(45_000);
    assert.deepEqual([pings, silent], [[10_045_000], []]);
    await clock.advance(29_999);
    assert.deepEqual(silent, []);
    keepAlive.heard();
    await clock.advance(60_000);
    assert.deepEqual(silent, []);
  });

  it('leaves no timer behind when it is stopped, and sets none for an interval of 0', async () => {
    const { clock, keepAlive, pings } = bench();
    keepAlive.stop();
    assert.equal(clock.timers(), 0);
    assert.equal(bench({ keepaliveMs: 0 }).clock.timers(), 0);
    await clock.advance(1_000_000);
    assert.deepEqual(pings, []);
  });
});

const PINGREQ = 'c000';
const PINGRESP = Buffer.from('d000', 'hex');
/** QoS 0 on the topic `t`: what a flood of triggers looks like. */
const PUBLISH = { 4: Buffer.from('3003000174', 'hex'), 5: Buffer.from('300400017400', 'hex') } as const;
const CONNACK = { 4: '20020000', 5: '2003000000', serverKeepAlive: '2006000003130001' } as const;
const EVERY_MS = 20;

/** A broker with a backlog: PUBLISH after PUBLISH until `until` PINGREQs were heard, then the answers to them all, then nothing. */
async function startFlood(
  scope: Scope,
  { protocol, until, connack = CONNACK[protocol] }: { protocol: 4 | 5; until: number; connack?: string },
): Promise<{ url: string; pings: Arrivals<number>; lastByteMs: () => number }> {
  const pings = new Arrivals<number>();
  let lastByteMs = 0;
  let flood: NodeJS.Timeout | undefined;
  const say = (socket: Socket, bytes: Buffer): void => {
    lastByteMs = performance.now();
    socket.write(bytes);
  };
  const start = (socket: Socket): void => {
    say(socket, Buffer.from(connack, 'hex'));
    flood = setInterval(() => {
      say(socket, PUBLISH[protocol]);
    }, EVERY_MS);
  };
  const port = await startRawServer(scope, (piece, socket) => {
    if (piece[0] === 0x10) start(socket);
    if (piece.toString('hex') !== PINGREQ) return;
    pings.add(performance.now());
    if (pings.all.length !== until) return;
    clearInterval(flood);
    say(socket, Buffer.concat(pings.all.map(() => PINGRESP)));
  });
  scope.defer(() => {
    clearInterval(flood);
  });
  return { url: `mqtt://127.0.0.1:${port}`, pings, lastByteMs: () => lastByteMs };
}

describe('Link with a keep-alive of 1 s', function () {
  this.timeout(20_000);
  const scope = new Scope();
  afterEach(() => scope.end());

  for (const protocol of [4, 5] as const) {
    it(`outlives a flood that PINGRESP waits behind, and ends at the silence after it, in protocol ${protocol}`, async () => {
      const broker = await startFlood(scope, { protocol, until: 4 });
      const { link, messages } = await openedLink(scope, { url: broker.url, protocol, keepaliveSeconds: 1 });
      const connectedMs = performance.now();
      const first = await Promise.race([link.ended, broker.pings.nth(4)]);
      assert.equal(typeof first, 'number', `the link ended within the flood: ${JSON.stringify(first)}`);
      // Twice the 1.5 s after which a client that waits for PINGRESP gives up.
      assert.ok(performance.now() - connectedMs > 2900);
      assert.ok(messages.all.length > 10, `${messages.all.length} messages`);
      assert.equal((await link.ended).fault, 'keepalive');
      const silentMs = performance.now() - broker.lastByteMs();
      // The contract's bound; below it nothing was silent for long enough.
      assert.ok(silentMs > 1490 && silentMs < 1500 + 5000, `${silentMs} ms`);
    });
  }

  it('reads what the broker said in time before it calls it silent, however long the process was held up', async () => {
    let asked = 0;
    const port = await startRawServer(scope, (piece, socket) => {
      if (piece[0] === 0x10) socket.write(Buffer.from(CONNACK[4], 'hex'));
      if (piece.toString('hex') !== PINGREQ || ++asked > 1) return;
      socket.write(PINGRESP);
      const until = performance.now() + 2000;
      while (performance.now() < until);
    });
    const { link } = await openedLink(scope, {
      ...{ url: `mqtt://127.0.0.1:${port}`, protocol: 4, keepaliveSeconds: 1 },
    });
    assert.equal((await link.ended).fault, 'keepalive');
    assert.ok(asked > 1, 'it counts as silent although it had answered');
  });

  it('keeps the interval that the broker asked for in CONNACK', async () => {
    const broker = await startFlood(scope, { protocol: 5, until: 2, connack: CONNACK.serverKeepAlive });
    const { link } = await openedLink(scope, { url: broker.url, keepaliveSeconds: 3600 });
    const first = await Promise.race([link.ended, broker.pings.nth(2)]);
    assert.equal(typeof first, 'number');
  });

  it('has its PINGREQ out in time while the process is busy with what comes in', async () => {
    const broker = await startFlood(scope, { protocol: 4, until: 3 });
    const { link, messages } = await openedLink(scope, { url: broker.url, protocol: 4, keepaliveSeconds: 1 });
    const connectedMs = performance.now();
    // Each message costs as much as the next takes to come: the process has no idle moment.
    messages.onAdded = () => {
      const until = performance.now() + EVERY_MS;
      while (performance.now() < until);
    };
    const first = await Promise.race([link.ended, broker.pings.nth(1)]);
    assert.equal(typeof first, 'number');
    assert.ok(Number(first) - connectedMs < 1500, `${Number(first) - connectedMs} ms`);
    messages.onAdded = () => undefined;
    link.abort(linkProblem('stopped', 'the test is over'));
    assert.equal((await link.publish(message('out', 'x'))).kind, 'lost');
  });
});
