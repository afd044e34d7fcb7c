// How links end: each end has its cause, a publish in hand has its outcome, and nothing that comes late ends the process.
import assert from 'node:assert/strict';
import { startBreakingProxy } from '../helpers/breaking-proxy.ts';
import { freePort } from '../helpers/free-port.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { publish, subscribe } from '../helpers/mqtt-peer.ts';
import { startRawServer } from '../helpers/raw-server.ts';
import { Scope } from '../helpers/scope.ts';
import { message, openedLink, type Version } from './link-bench.ts';

const CONNACK: Record<4 | 5, Buffer> = {
  4: Buffer.from('20020000', 'hex'),
  5: Buffer.from('2003000000', 'hex'),
};
const PICTURE = Buffer.alloc(100_000, 1);
const localhost = (port: number, scheme = 'mqtt'): string => `${scheme}://127.0.0.1:${port}`;

describe('Link', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  for (const protocol of [4, 5] as const) {
    it(`gives up a publish that is not acknowledged, in protocol ${protocol}`, async () => {
      const broker = await startMosquitto(scope);
      const proxy = await startBreakingProxy(scope, broker.port);
      const { link } = await openedLink(scope, { url: proxy.url, protocol, ackTimeoutSeconds: 0.3 });
      proxy.mode = 'drop-server-to-client';
      assert.deepEqual(await link.publish(message('out', PICTURE)), { kind: 'timeout' });
    });

    it(`gives up a publish into a black hole, in protocol ${protocol}`, async () => {
      const broker = await startMosquitto(scope);
      const proxy = await startBreakingProxy(scope, broker.port);
      const { link } = await openedLink(scope, { url: proxy.url, protocol, ackTimeoutSeconds: 0.3 });
      proxy.mode = 'blackhole';
      assert.deepEqual(await link.publish(message('out', PICTURE, 2)), { kind: 'timeout' });
      link.abort({ fault: 'ackTimeout', detail: 'no PUBACK', remedy: 'none' });
      assert.equal((await link.ended).fault, 'ackTimeout');
    });

    it(`counts a publish as lost when the broker dies with it, in protocol ${protocol}`, async () => {
      const broker = await startMosquitto(scope);
      const proxy = await startBreakingProxy(scope, broker.port);
      const { link } = await openedLink(scope, { url: proxy.url, protocol });
      proxy.mode = 'blackhole';
      const outcome = link.publish(message('out', PICTURE));
      await broker.kill();
      assert.deepEqual(await outcome, { kind: 'lost', wholePacketWritten: true });
      assert.equal((await link.ended).fault, 'closedByBroker');
    });

    it(`ends with a cause when the connection is reset, in protocol ${protocol}`, async () => {
      const broker = await startMosquitto(scope);
      const proxy = await startBreakingProxy(scope, broker.port);
      const { link } = await openedLink(scope, { url: proxy.url, protocol });
      proxy.reset();
      const { fault, detail } = await link.ended;
      assert.equal(fault, 'closedByBroker');
      assert.match(detail, /ECONNRESET/);
      assert.deepEqual((await link.publish(message('out', PICTURE))).kind, 'lost');
    });

    it(`ends when the far side closes its half, in protocol ${protocol}`, async () => {
      const broker = await startMosquitto(scope);
      const proxy = await startBreakingProxy(scope, broker.port);
      const { link } = await openedLink(scope, { url: proxy.url, protocol });
      proxy.halfClose();
      assert.equal((await link.ended).fault, 'closedByBroker');
    });

    it(`has its will published when it is cut, and not when it is closed, in protocol ${protocol}`, async () => {
      const broker = await startMosquitto(scope);
      const proxy = await startBreakingProxy(scope, broker.port);
      const peer = await subscribe(scope, broker.port, { topics: ['status', 'end'] });
      const will = { topic: 'status', payload: Buffer.from('offline'), retain: true };
      const closed = await openedLink(scope, { url: proxy.url, protocol, will });
      await closed.link.close();
      assert.equal((await closed.link.ended).fault, 'stopped');
      await publish(scope, broker.port, { topic: 'end' });
      await peer.nth('end');
      assert.deepEqual(peer.on('status'), []);
      await openedLink(scope, { url: proxy.url, protocol, will });
      proxy.reset();
      assert.equal((await peer.nth('status')).payload.toString(), 'offline');
      const later = await subscribe(scope, broker.port, { topics: ['status'] });
      assert.equal((await later.nth('status')).retained, true);
    });
  }

  for (const [code, fault] of [
    [0x8b, 'serverBusy'],
    [0x8d, 'keepalive'],
    [0x8e, 'takenOver'],
    [0x97, 'refused'],
  ] as const) {
    it(`says what DISCONNECT reason code ${code} of MQTT 5 means: ${fault}`, async () => {
      let pieces = 0;
      const port = await startRawServer(scope, (_, socket) => {
        pieces += 1;
        if (pieces === 1) socket.write(CONNACK[5]);
        else socket.end(Buffer.from([0xe0, 1, code]));
      });
      const { link } = await openedLink(scope, { url: localhost(port) });
      assert.deepEqual(await link.publish(message('out', 'x')), { kind: 'lost', wholePacketWritten: true });
      assert.equal((await link.ended).fault, fault);
    });
  }

  for (const qos of [0, 1] as const) {
    it(`names the publish of QoS ${qos} that the broker closed upon without a word`, async () => {
      let pieces = 0;
      const port = await startRawServer(scope, (_, socket) => {
        pieces += 1;
        if (pieces === 1) socket.write(CONNACK[4]);
        else socket.end();
      });
      const { link } = await openedLink(scope, { url: localhost(port), protocol: 4 });
      await link.publish(message('not/allowed', 'four', qos));
      const { fault, detail, remedy } = await link.ended;
      assert.equal(fault, 'closedByBroker');
      assert.match(detail, /right after PUBLISH on not\/allowed \(4 bytes\)$/);
      assert.match(remedy, /AWS IoT policy/);
    });
  }

  it('reads the answers that came while the process was stopped before it calls them late', async () => {
    const broker = await startMosquitto(scope);
    const { link } = await openedLink(scope, { url: broker.url, ackTimeoutSeconds: 0.2 });
    const outcome = link.publish(message('out', 'x'));
    // Its few bytes leave within this turn; then the whole thread stands still, as after SIGSTOP.
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
    assert.deepEqual(await outcome, { kind: 'acknowledged' });
    assert.deepEqual(await link.publish(message('out', 'x')), { kind: 'acknowledged' });
  });

  for (const protocol of [4, 5] as const) {
    it(`ends when another client takes its id over, in protocol ${protocol}`, async () => {
      const broker = await startMosquitto(scope);
      const { link } = await openedLink(scope, { url: broker.url, protocol });
      const successor = await openedLink(scope, { url: broker.url, protocol });
      // mosquitto 2.0.11 closes without the DISCONNECT of [MQTT-3.1.4-3].
      assert.ok(['takenOver', 'closedByBroker'].includes((await link.ended).fault));
      assert.deepEqual(await successor.link.publish(message('out', 'x')), { kind: 'acknowledged' });
    });
  }

  for (const protocol of [4, 5] as const) {
    it(`opens where mosquitto 2.0 grants a subscription that its access list denies, protocol ${protocol}`, async () => {
      // Granted in SUBACK, denied at delivery: so a silent trigger topic is no sign of a broken link.
      const broker = await startMosquitto(scope, { acl: ['topic write #', 'topic read allowed'] });
      const { messages } = await openedLink(scope, {
        url: broker.url,
        protocol,
        filters: ['denied', 'allowed'],
      });
      await publish(scope, broker.port, { topic: 'denied' });
      await publish(scope, broker.port, { topic: 'allowed' });
      assert.equal((await messages.nth(1)).topic, 'allowed');
    });
  }

  it('says in MQTT 5 that the broker refuses a publish', async () => {
    const broker = await startMosquitto(scope, { acl: ['topic read #', 'topic write allowed'] });
    const { link } = await openedLink(scope, { url: broker.url });
    const outcome = await link.publish(message('denied', 'x'));
    assert.equal(outcome.kind, 'refused');
    assert.equal(outcome.reasonCode, 0x87);
    assert.deepEqual(await link.publish(message('allowed', 'x')), { kind: 'acknowledged' });
  });

  it('ends when PINGREQ is not answered', async () => {
    const broker = await startMosquitto(scope);
    const proxy = await startBreakingProxy(scope, broker.port);
    const { link } = await openedLink(scope, { url: proxy.url, keepaliveSeconds: 1 });
    proxy.mode = 'blackhole';
    assert.equal((await link.ended).fault, 'keepalive');
  });

  it('closes twice, and publishes nothing afterwards', async () => {
    const broker = await startMosquitto(scope);
    const { link } = await openedLink(scope, { url: broker.url });
    await Promise.all([link.close(), link.close()]);
    await link.close();
    link.abort({ fault: 'network', detail: 'late', remedy: 'none' });
    assert.equal((await link.ended).fault, 'stopped');
    assert.equal((await link.publish(message('out', 'x'))).kind, 'lost');
  });

  it('counts a publish on a link that was aborted as lost', async () => {
    const broker = await startMosquitto(scope);
    const { link } = await openedLink(scope, { url: broker.url });
    link.abort({ fault: 'ackTimeout', detail: 'no PUBACK', remedy: 'none' });
    assert.deepEqual(await link.publish(message('out', 'x')), { kind: 'lost', wholePacketWritten: false });
    await link.ended;
    assert.deepEqual(await link.publish(message('out', 'x')), { kind: 'lost', wholePacketWritten: false });
  });

  it('closes within its deadline with a publish in flight', async () => {
    const broker = await startMosquitto(scope);
    const proxy = await startBreakingProxy(scope, broker.port);
    const { link } = await openedLink(scope, { url: proxy.url });
    proxy.mode = 'blackhole';
    const outcome = link.publish(message('out', PICTURE));
    await link.close();
    assert.equal((await outcome).kind, 'lost');
    assert.equal((await link.ended).fault, 'stopped');
  });

  it('survives errors that come after its end', async () => {
    const broker = await startMosquitto(scope);
    const proxy = await startBreakingProxy(scope, broker.port);
    for (const protocol of [3, 4, 5] as readonly Version[]) {
      const { link } = await openedLink(scope, { url: proxy.url, protocol });
      const outcome = link.publish(message('out', PICTURE));
      proxy.reset();
      link.abort({ fault: 'network', detail: 'gone', remedy: 'none' });
      proxy.reset();
      await link.close();
      await outcome;
    }
    // An unheard 'error' event would have ended this process.
    assert.equal((await openedLink(scope, { url: proxy.url })).link.protocol, 5);
  });

  it('is not rerouted by MQTTJS_SOCKS_PROXY', async () => {
    const broker = await startMosquitto(scope);
    const proxied = await freePort();
    process.env['MQTTJS_SOCKS_PROXY'] = `socks5://127.0.0.1:${proxied}`;
    scope.defer(() => {
      delete process.env['MQTTJS_SOCKS_PROXY'];
    });
    const { link } = await openedLink(scope, { url: broker.url });
    assert.deepEqual(await link.publish(message('out', 'x')), { kind: 'acknowledged' });
  });
});
