// The oracle broker against programs that are not ours: mosquitto's, in MQTT 3.1.1 and 5, plain and with TLS.
import { generate, parser, type Packet } from 'mqtt-packet';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { Arrivals } from '../helpers/arrivals.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { runChild, type Ran } from '../helpers/child.ts';
import { publish, subscribe } from '../helpers/mqtt-peer.ts';
import { Scope } from '../helpers/scope.ts';
import type { Modes } from './modes.ts';
import { startOracle } from './start-oracle.ts';

const REQUEST = 'device/image/request';
const FLAG = { 4: '311', 5: '5' } as const;

describe('the oracle broker', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  /** mosquitto_pub of one request; its debug lines tell what it heard. */
  const send = (port: number, version: 4 | 5, args: readonly string[] = []): Promise<Ran> =>
    runChild(scope, {
      file: 'timeout',
      args: [
        ...[
          '1',
          'stdbuf',
          '-oL',
          'mosquitto_pub',
          '-d',
          '-V',
          FLAG[version],
          '-h',
          '127.0.0.1',
          '-p',
          String(port),
        ],
        ...['-q', '1', '-t', REQUEST, '-m', '{"request_id":"r-1"}', ...args],
      ],
    });

  it('refuses a mode that it does not have, and one of the wrong type', async () => {
    for (const modes of [{ noSuchMode: true }, { latePubackMs: 'long' }]) {
      await assert.rejects(startOracle(scope, { modes: modes as Partial<Modes> }), /Cannot set mode/);
    }
  });

  const faults: readonly { modes: Partial<Modes>; version: 4 | 5; heard: RegExp; held: number }[] = [
    { modes: { noPuback: true }, version: 4, heard: /sending PUBLISH(?!.*received PUBACK)/s, held: 1 },
    { modes: { wrongPuback: true }, version: 4, heard: /received PUBACK \(Mid: 2/, held: 1 },
    { modes: { pubackReasonCode: 151 }, version: 5, heard: /RC:151/, held: 0 },
    { modes: { closeAfterPublish: 'withPuback' }, version: 5, heard: /received PUBACK/, held: 1 },
    { modes: { connackCode: 5 }, version: 4, heard: /not authori[sz]ed/i, held: 0 },
    { modes: { connackCode: 136 }, version: 5, heard: /received CONNACK \(136\)/, held: 0 },
    { modes: { noConnack: true }, version: 5, heard: /sending CONNECT(?!.*received CONNACK)/s, held: 0 },
    {
      modes: { aws: true, awsAllowed: ['device/+/status'] },
      version: 4,
      heard: /sending PUBLISH(?!.*received PUBACK)/s,
      held: 0,
    },
    {
      modes: { closeOverBytes: 10 },
      version: 5,
      heard: /sending PUBLISH(?!.*received PUBACK)/s,
      held: 0,
    },
    { modes: { aws: true }, version: 4, heard: /received PUBACK/, held: 1 },
    { modes: { stopReading: true }, version: 4, heard: /sending CONNECT(?!.*received)/s, held: 0 },
  ];
  for (const { modes, version, heard, held } of faults) {
    it(`does as ${JSON.stringify(modes)} says, MQTT version ${version}`, async () => {
      const oracle = await startOracle(scope, { modes });
      // mosquitto_pub tries again after a close without PUBACK, so a fault may be met, and journalled, more than once.
      const ran = await send(oracle.port, version);
      assert.match(`${ran.out}\n${ran.err}`, heard);
      assert.equal(new Set(oracle.requests().map(({ requestId }) => requestId)).size, held);
    });
  }

  it('acknowledges twice when told to', async () => {
    const oracle = await startOracle(scope, { modes: { doublePuback: true } });
    const packets = new Arrivals<Packet>();
    const socket = connect(oracle.port, '127.0.0.1');
    scope.defer(() => socket.destroy());
    const incoming = parser();
    incoming.on('packet', (packet) => {
      packets.add(packet);
    });
    socket.on('data', (piece) => {
      incoming.parse(piece);
    });
    socket.write(
      generate({ cmd: 'connect', clientId: 'raw', protocolVersion: 4, clean: true, keepalive: 0 }),
    );
    const request = { cmd: 'publish', topic: REQUEST, payload: '{}', qos: 1, messageId: 7 } as const;
    socket.write(generate({ ...request, dup: false, retain: false }));
    const second = await packets.nth(2, ({ cmd }) => cmd === 'puback');
    assert.equal(second.messageId, 7);
  });

  it('keeps a session and what arrives meanwhile for a client that asks, until it forgets sessions', async () => {
    const oracle = await startOracle(scope);
    const kept = { topics: ['later'], protocol: 4, args: ['-c', '-i', 'kept'] } as const;
    await subscribe(scope, oracle.port, kept).then((it) => it.close());
    await publish(scope, oracle.port, { topic: 'later', payload: 'one', protocol: 4 });
    const back = await subscribe(scope, oracle.port, kept);
    assert.equal((await back.nth('later')).payload.toString(), 'one');
    await back.close();
    await publish(scope, oracle.port, { topic: 'later', payload: 'two', protocol: 4 });
    await oracle.set({ forgetSessions: true });
    const fresh = await subscribe(scope, oracle.port, kept);
    await publish(scope, oracle.port, { topic: 'later', payload: 'three', protocol: 4 });
    assert.equal((await fresh.nth('later')).payload.toString(), 'three');
  });

  it('acknowledges QoS 2 by its own exchange', async () => {
    const oracle = await startOracle(scope);
    assert.match((await send(oracle.port, 5, ['-q', '2'])).out, /received PUBREC[\s\S]*received PUBCOMP/);
    assert.deepEqual(
      oracle.requests().map(({ qos, requestId }) => [qos, requestId]),
      [[2, 'r-1']],
    );
  });

  it('has a request in its journal, with its digest, after a kill -9 that follows PUBACK', async () => {
    const oracle = await startOracle(scope);
    const payload = '{"request_id":"r-2","image_data":"AAAA"}';
    await publish(scope, oracle.port, { topic: REQUEST, payload });
    await oracle.kill();
    const [held] = oracle.requests();
    assert.deepEqual(
      [held?.requestId, held?.sha256, held?.bytes, held?.dup],
      ['r-2', createHash('sha256').update(payload).digest('hex'), payload.length, false],
    );
    await oracle.start();
    await publish(scope, oracle.port, { topic: REQUEST, payload, protocol: 4 });
    assert.equal(oracle.requests().length, 2);
  });

  for (const protocol of [4, 5] as const) {
    it(`routes to subscribers, and keeps what is retained, MQTT version ${protocol}`, async () => {
      const oracle = await startOracle(scope);
      const early = await subscribe(scope, oracle.port, { topics: ['device/+/status'], protocol });
      await publish(scope, oracle.port, { topic: 'device/a/status', payload: 'on', retain: true, protocol });
      assert.equal((await early.nth('device/a/status')).retained, false);
      const late = await subscribe(scope, oracle.port, { topics: ['#'], protocol });
      const message = await late.nth('device/a/status');
      assert.deepEqual([message.payload.toString(), message.retained], ['on', true]);
      await publish(scope, oracle.port, { topic: 'device/a/status', retain: true, protocol });
      const last = await subscribe(scope, oracle.port, { topics: ['#'], protocol });
      await publish(scope, oracle.port, { topic: 'marker', payload: 'm', protocol });
      await last.nth('marker');
      assert.equal(last.on('device/a/status').length, 0);
    });
  }

  it('sends the will message of a client that is killed, and none of one that says goodbye', async () => {
    const oracle = await startOracle(scope);
    const watcher = await subscribe(scope, oracle.port, { topics: ['will/#'] });
    const will = (topic: string): string[] => ['--will-topic', topic, '--will-payload', 'gone'];
    assert.equal((await send(oracle.port, 5, will('will/polite'))).code, 0); // it ends with DISCONNECT
    await subscribe(scope, oracle.port, { topics: ['x'], args: [...will('will/taken'), '-i', 'same'] });
    assert.equal((await send(oracle.port, 5, ['-i', 'same'])).code, 0);
    await watcher.nth('will/taken');
    assert.equal(watcher.on('will/polite').length, 0);
  });

  it('speaks TLS with a certificate of our own authority, and says nothing at all when told to', async () => {
    const authority = await createAuthority(scope);
    const oracle = await startOracle(scope, { tls: await authority.issue('IP:127.0.0.1') });
    const args = ['--cafile', authority.caFile];
    assert.equal((await send(oracle.tlsPort, 5, args)).code, 0);
    await oracle.set({ silentTls: true });
    assert.equal((await send(oracle.tlsPort, 5, args)).code, 124); // timeout(1)
    assert.equal(oracle.requests().length, 1);
  });
});
