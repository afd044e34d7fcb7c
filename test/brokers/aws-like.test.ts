// A broker that refuses as AWS IoT Core does, by closing without a reason: what the daemon makes of it, and that it goes on.
import assert from 'node:assert/strict';
import { publish } from '../helpers/mqtt-peer.ts';
import { Scope } from '../helpers/scope.ts';
import { startOracle, type Oracle } from '../oracle/start-oracle.ts';
import { faultOf, REQUEST, RESPONSE, startBench, STATUS, TRIGGER, type Bench } from './broker-bench.ts';

const HOUR_MS = 3_600_000;
const TEN_MINUTES_MS = 600_000;
const ALLOWED = [REQUEST, RESPONSE, STATUS, TRIGGER];

describe('the daemon and a broker that closes without a reason, as AWS IoT Core does', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  const start = async (
    {
      awsAllowed = ALLOWED,
      settings = [],
      speed = 1,
    }: { awsAllowed?: readonly string[]; settings?: readonly string[]; speed?: number } = {},
    filters: readonly string[] = [],
  ): Promise<{ oracle: Oracle; bench: Bench }> => {
    const oracle = await startOracle(scope, { modes: { aws: true, awsAllowed } });
    const given = [`mqtt.url=${oracle.url}`, 'mqtt.broker=aws', ...settings];
    return {
      oracle,
      bench: await startBench(scope, { settings: given, filters, statusTopic: STATUS, speed }),
    };
  };

  it('names the topic it may not publish on, leaves it out after three closes, and sends the requests', async () => {
    const { oracle, bench } = await start({ awsAllowed: [REQUEST] });
    const first = await bench.says('broker.lost');
    assert.match(first.text, new RegExp(`right after PUBLISH on ${STATUS}`));
    const verdict = await bench.says('broker.refused', /left out/);
    assert.equal(verdict.level, 'warn');
    assert.match(verdict.text, new RegExp(`PUBLISH on ${STATUS}.*iot:Publish on topic/${STATUS}`));
    await bench.request(1);
    assert.equal(await bench.delivered.nth(1), 1);
    assert.equal(
      bench.lines.count(({ event }) => event === 'broker.lost'),
      3,
    );
    // Once the policy allows it, an hour brings it back.
    await oracle.set({ aws: true, awsAllowed: ALLOWED });
    bench.advance(HOUR_MS);
    await oracle.kill();
    await oracle.start();
    await bench.says('broker.connected', /./, 5);
    await bench.request(2);
    assert.equal(await bench.delivered.nth(2), 2);
  });

  it('finds the one filter of several that it may not subscribe to, says that it is deaf there, and hears the rest', async () => {
    const { oracle, bench } = await start({ awsAllowed: [REQUEST, RESPONSE, STATUS] }, [RESPONSE, TRIGGER]);
    const verdict = await bench.says('broker.refused', /left out/);
    assert.equal(verdict.level, 'error');
    assert.match(verdict.text, new RegExp(`SUBSCRIBE to ${TRIGGER}.*triggers on it are not heard`));
    assert.match(
      verdict.text,
      new RegExp(`iot:Subscribe on topicfilter/${TRIGGER} and iot:Receive on topic/${TRIGGER}`),
    );
    await bench.says('broker.connected');
    await bench.request(1);
    assert.equal(await bench.delivered.nth(1), 1);
    await publish(scope, oracle.port, { topic: RESPONSE, payload: 'result' });
    assert.equal((await bench.messages.nth(1)).topic, RESPONSE);
    await oracle.set({ aws: true, awsAllowed: ALLOWED });
    bench.advance(HOUR_MS);
    await oracle.kill();
    await oracle.start();
    await bench.says('broker.connected', /./, 2);
    await publish(scope, oracle.port, { topic: TRIGGER });
    assert.equal((await bench.messages.nth(2)).topic, TRIGGER);
  });

  it('names a request over 128 KiB that it closed upon, sets it aside, and sends the next', async () => {
    const { bench } = await start();
    await bench.request(1, 131_073);
    await bench.request(2, 131_072);
    const { text } = await bench.says('broker.lost');
    assert.match(
      text,
      /right after PUBLISH on device\/image\/request \(131073 bytes\).*image\.maxPayloadBytes/,
    );
    assert.equal(await bench.delivered.nth(1), 2);
    assert.match(bench.outbox.inQuarantine[0]?.reason ?? '', /3 times the broker closed/);
  }).timeout(20_000);

  it('sets one request aside, says which statement the policy lacks for them all, and stays online with the rest in the outbox', async () => {
    const settings = ['mqtt.connectTimeoutSeconds=60', 'mqtt.ackTimeoutSeconds=60'];
    const awsAllowed = [RESPONSE, STATUS, TRIGGER];
    const { oracle, bench } = await start({ awsAllowed, settings, speed: 10 }, [TRIGGER]);
    for (let number = 1; number <= 3; number += 1) await bench.request(number);
    const { level, text } = await bench.says('broker.refused');
    assert.equal(level, 'warn');
    assert.match(text, new RegExp(`the policy of this device needs iot:Publish on topic/${REQUEST} `));
    await bench.says('broker.connected', /./, 5);
    const losses = (): number => bench.lines.count(({ event }) => event === 'broker.lost');
    assert.equal(losses(), 4);
    // It hears triggers meanwhile, and what comes new is not sent to be closed upon.
    await publish(scope, oracle.port, { topic: TRIGGER });
    assert.equal((await bench.messages.nth(1)).topic, TRIGGER);
    await bench.request(6);
    await bench.says('broker.refused', /debug .*not sent/, 2);
    // Ten minutes later one is tried: the same again, without another word and without another one lost.
    bench.advance(TEN_MINUTES_MS);
    await bench.request(7);
    await bench.says('broker.connected', /./, 6);
    assert.equal(losses(), 5);
    // The policy is mended; after the next ten minutes all are taken.
    await oracle.set({ aws: true, awsAllowed: ALLOWED });
    bench.advance(TEN_MINUTES_MS);
    await bench.request(8);
    await bench.delivered.nth(1);
    bench.advance(TEN_MINUTES_MS);
    await bench.request(9);
    await bench.delivered.nth(6);
    assert.equal(losses(), 5);
    assert.deepEqual(bench.delivered.all.toSorted(), [2, 3, 6, 7, 8, 9]);
    assert.equal(bench.outbox.inQuarantine.length, 1);
    assert.equal(
      bench.lines.count(({ event, level: loud }) => event === 'broker.refused' && loud !== 'debug'),
      1,
    );
  }).timeout(30_000);

  it('names a request of QoS 2 that it closed upon', async () => {
    const oracle = await startOracle(scope, { modes: { aws: true } });
    const bench = await startBench(scope, { settings: [`mqtt.url=${oracle.url}`, 'mqtt.qos=2'] });
    await bench.request(1);
    assert.match((await bench.says('broker.lost')).text, /right after PUBLISH on device\/image\/request/);
    await oracle.set({});
    assert.equal(await bench.delivered.nth(1), 1);
  });

  it('stays within 512 KiB a second, so that nothing waits in the broker', async () => {
    const { oracle, bench } = await start();
    for (let number = 1; number <= 8; number += 1) await bench.request(number, 128_000);
    await bench.delivered.nth(8);
    const times = oracle.requests().map(({ time }) => Date.parse(time));
    assert.equal(times.length, 8);
    for (const [at, time] of times.entries()) {
      const fifth = times[at + 5];
      // Six of them are more than 512 KiB; the oracle's own slowness blurs the second by a little.
      assert.ok(fifth === undefined || fifth - time > 700, `${fifth} follows ${time} too soon`);
    }
  });

  it('hears triggers again after the broker has forgotten the session', async () => {
    const { oracle, bench } = await start({ settings: ['mqtt.sessionExpirySeconds=3600'] }, [TRIGGER]);
    await bench.says('broker.connected');
    await oracle.set({ aws: true, awsAllowed: ALLOWED, forgetSessions: true });
    await oracle.kill();
    await oracle.start();
    await bench.says('broker.connected', /./, 2);
    await publish(scope, oracle.port, { topic: TRIGGER });
    assert.equal((await bench.messages.nth(1)).topic, TRIGGER);
  });

  it('says that another client has taken its id over, and comes back', async () => {
    const { oracle, bench } = await start();
    await bench.says('broker.connected');
    const rival = await startBench(scope, { settings: [`mqtt.url=${oracle.url}`] });
    await rival.says('broker.connected');
    const lost = await bench.says('broker.lost');
    assert.equal(faultOf(lost), 'takenOver');
    assert.match(lost.text, /reason code 142.*give each device its own device\.id/);
    await bench.says('broker.connected', /./, 2);
  });
});
