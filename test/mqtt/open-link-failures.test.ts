// How attempts fail: each cause has its name, none hangs, and nothing that comes late ends the process.
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { createOpenLink } from '../../src/mqtt/open-link.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { startDemoBroker } from '../../src/cli/demo-broker.ts';
import { freePort } from '../helpers/free-port.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { startRawServer } from '../helpers/raw-server.ts';
import { Scope } from '../helpers/scope.ts';
import { message, openedLink, problemOf, withDefaults } from './link-bench.ts';

const CONNACK: Record<4 | 5, Buffer> = {
  4: Buffer.from('20020000', 'hex'),
  5: Buffer.from('2003000000', 'hex'),
};
const PICTURE = Buffer.alloc(100_000, 1);
const localhost = (port: number, scheme = 'mqtt'): string => `${scheme}://127.0.0.1:${port}`;

const HANG_UPS = {
  mqtt: ['', /mqtts against mqtt/],
  mqtts: ['TLS_CLOSED', /speak no TLS/],
  ws: ['WEBSOCKET_CLOSED', /speak no WebSocket/],
  wss: ['TLS_CLOSED', /speak no TLS/],
} as const;

describe('openLink() where the attempt fails', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  for (const scheme of ['mqtt', 'mqtts', 'ws', 'wss'] as const) {
    it(`names a refused connection of ${scheme}`, async () => {
      const { fault } = await problemOf(scope, { url: localhost(await freePort(), scheme) });
      assert.equal(fault, 'refusedConnection');
    });

    it(`names a server that accepts ${scheme} and is silent`, async () => {
      const port = await startRawServer(scope);
      const { fault } = await problemOf(scope, { url: localhost(port, scheme), connectTimeoutSeconds: 0.3 });
      assert.equal(fault, scheme === 'mqtt' ? 'noConnack' : 'network');
    });

    it(`names a server that hangs up on ${scheme}`, async () => {
      const port = await startRawServer(scope, (_, socket) => socket.destroy());
      const { fault, detail, remedy } = await problemOf(scope, { url: localhost(port, scheme) });
      assert.equal(fault, scheme === 'mqtt' ? 'noConnack' : 'network');
      const [code, step] = HANG_UPS[scheme];
      assert.ok(detail.startsWith(code), detail);
      assert.match(remedy, step);
    });
  }

  it('says what to correct where mqtts:// goes to the plain port of mosquitto', async () => {
    const { port } = await startMosquitto(scope);
    const { detail, remedy } = await problemOf(scope, { url: localhost(port, 'mqtts') });
    assert.match(detail, /TLS_CLOSED: the far side closed the connection in the TLS handshake/);
    assert.match(remedy, /speak no TLS.*mqtt\.url/);
  });

  it('names an HTTP server that has no WebSocket at that path', async () => {
    const answer = 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n';
    const port = await startRawServer(scope, (_, socket) => socket.end(answer));
    const { detail, remedy } = await problemOf(scope, { url: localhost(port, 'ws') });
    assert.match(detail, /WEBSOCKET_REFUSED: Unexpected server response: 404/);
    assert.match(remedy, /path in mqtt\.url.*\/mqtt/);
  });

  it('names a host that does not exist', async () => {
    assert.equal((await problemOf(scope, { url: 'mqtt://no-such-host.invalid' })).fault, 'dns');
  });

  it('takes no CONNACK that comes after the deadline', async () => {
    let asked: Socket | undefined;
    const port = await startRawServer(scope, (_, socket) => {
      asked = socket;
    });
    const { fault } = await problemOf(scope, { url: localhost(port), connectTimeoutSeconds: 0.2 });
    assert.equal(fault, 'noConnack');
    asked?.write(CONNACK[5]);
    // Whatever the late answer does to the old attempt, the next one stands by itself.
    assert.equal(
      (await problemOf(scope, { url: localhost(port), connectTimeoutSeconds: 0.2 })).fault,
      'noConnack',
    );
  });

  it('names a server that answers with something else than MQTT', async () => {
    const port = await startRawServer(scope, (_, socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const { fault } = await problemOf(scope, { url: localhost(port), connectTimeoutSeconds: 1 });
    assert.ok(fault === 'network' || fault === 'noConnack', fault);
  });

  for (const [code, fault] of [
    [0x84, 'protocolVersion'],
    [0x85, 'clientId'],
    [0x86, 'credentials'],
    [0x87, 'notAuthorized'],
    [0x89, 'serverBusy'],
    [0x97, 'refused'],
  ] as const) {
    it(`names CONNACK reason code ${code}: ${fault}`, async () => {
      const port = await startRawServer(scope, (_, socket) => socket.end(Buffer.from([0x20, 3, 0, code, 0])));
      assert.equal((await problemOf(scope, { url: localhost(port) })).fault, fault);
    });
  }

  for (const [code, fault] of [
    [1, 'protocolVersion'],
    [2, 'clientId'],
    [3, 'serverBusy'],
    [4, 'credentials'],
    [5, 'notAuthorized'],
  ] as const) {
    it(`names CONNACK return code ${code} of MQTT 3.1.1: ${fault}`, async () => {
      const port = await startRawServer(scope, (_, socket) => socket.end(Buffer.from([0x20, 2, 0, code])));
      assert.equal((await problemOf(scope, { url: localhost(port), protocol: 4 })).fault, fault);
    });
  }

  for (const protocol of [4, 5] as const) {
    it(`names a SUBACK that never comes in protocol ${protocol}`, async () => {
      let sent = false;
      const port = await startRawServer(scope, (_, socket) => {
        if (!sent) socket.write(CONNACK[protocol]);
        sent = true;
      });
      const { fault, detail } = await problemOf(scope, {
        ...{ url: localhost(port), protocol, filters: ['device/image/trigger'], ackTimeoutSeconds: 0.2 },
      });
      assert.equal(fault, 'subscribe');
      assert.match(detail, /device\/image\/trigger: no SUBACK within 200 ms/);
    });

    it(`names a SUBACK that refuses in protocol ${protocol}`, async () => {
      let pieces = 0;
      const port = await startRawServer(scope, (piece, socket) => {
        pieces += 1;
        // The packet identifier stands right after the two bytes of the fixed header.
        const id = piece.subarray(2, 4);
        const suback = protocol === 4 ? [0x90, 3, ...id, 0x80] : [0x90, 4, ...id, 0, 0x87];
        socket.write(pieces === 1 ? CONNACK[protocol] : Buffer.from(suback));
      });
      const { fault, detail } = await problemOf(scope, { url: localhost(port), protocol, filters: ['in'] });
      assert.equal(fault, 'subscribe');
      assert.match(detail, /^in: /);
    });
  }

  it('names a subscription that the broker closes upon, as AWS IoT Core does', async () => {
    let pieces = 0;
    const port = await startRawServer(scope, (_, socket) => {
      pieces += 1;
      if (pieces === 1) socket.write(CONNACK[4]);
      else socket.end();
    });
    const { fault, detail } = await problemOf(scope, { url: localhost(port), protocol: 4, filters: ['in'] });
    assert.equal(fault, 'subscribe');
    assert.match(detail, /closed the connection without a reason, right after SUBSCRIBE to in$/);
  });

  it('ends the attempt when its signal aborts', async () => {
    const stop = new AbortController();
    const port = await startRawServer(scope, () => {
      stop.abort();
    });
    const open = createOpenLink(withDefaults({ url: localhost(port) }), {
      clock: createSystemClock(),
      onMessage: () => undefined,
    });
    assert.equal((await open(stop.signal)).kind, 'failed');
    assert.deepEqual((await open(stop.signal)).kind, 'failed');
  });
});

describe('openLink() with protocol auto', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  it('falls back to MQTT 3.1.1 where the broker speaks nothing newer', async () => {
    const broker = await startDemoBroker(); // aedes
    scope.defer(() => broker.close());
    const open = createOpenLink(
      withDefaults({ url: localhost(broker.port), protocol: 'auto', filters: ['in'] }),
      {
        clock: createSystemClock(),
        onMessage: () => undefined,
      },
    );
    const signal = new AbortController().signal;
    const first = await open(signal);
    assert.equal(first.kind, 'failed');
    const second = await open(signal);
    assert.equal(second.kind, 'open', JSON.stringify(second));
    scope.defer(() => second.link.close());
    assert.equal(second.link.protocol, 4);
    assert.deepEqual(await second.link.publish(message('in', PICTURE)), { kind: 'acknowledged' });
  });

  it('speaks MQTT 5 where the broker does', async () => {
    const broker = await startMosquitto(scope);
    const { link } = await openedLink(scope, { url: broker.url, protocol: 'auto' });
    assert.equal(link.protocol, 5);
  });
});
