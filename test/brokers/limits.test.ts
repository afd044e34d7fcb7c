// What mosquitto refuses of a client that it lets in: an access list, a packet size, a message size. The line a person reads,
// and the recovery, without a restart of the daemon, once the broker is changed.
import assert from 'node:assert/strict';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { Scope } from '../helpers/scope.ts';
import { REQUEST, startBench, STATUS } from './broker-bench.ts';

const ALL = ['topic readwrite #'];

describe('the daemon and the limits of mosquitto', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  it('keeps requests that an access list denies, names the reason code, and sends them when it allows them', async () => {
    const acl = ['topic read #', `topic write ${STATUS}`];
    const broker = await startMosquitto(scope, { acl });
    const bench = await startBench(scope, { settings: [`mqtt.url=${broker.url}`] });
    await bench.request(1);
    const { level, text, fields } = await bench.says('broker.refused');
    assert.equal(level, 'warn');
    assert.equal(fields['reasonCode'], 135);
    assert.match(text, /Not authorized.*allow this client to publish on/);
    assert.equal(bench.outbox.counts().entries, 1);
    await broker.restart({ acl: ALL });
    assert.equal(await bench.delivered.nth(1), 1);
    assert.deepEqual(bench.outbox.inQuarantine, []);
  });

  it('sends the requests where an access list denies only the status, and says so once', async () => {
    const broker = await startMosquitto(scope, { acl: [`topic write ${REQUEST}`] });
    const bench = await startBench(scope, { settings: [`mqtt.url=${broker.url}`], statusTopic: STATUS });
    await bench.request(1);
    assert.equal(await bench.delivered.nth(1), 1);
    assert.match((await bench.says('broker.refused')).text, new RegExp(`${STATUS}.*135`));
  });

  it('does not send what is over max_packet_size, sets it aside, and sends the rest', async () => {
    const broker = await startMosquitto(scope, { lines: ['max_packet_size 20000'] });
    const bench = await startBench(scope, { settings: [`mqtt.url=${broker.url}`] });
    await bench.request(1, 30_000);
    await bench.request(2, 10_000);
    assert.equal(await bench.delivered.nth(1), 2);
    const [{ reason } = { reason: '' }] = bench.outbox.inQuarantine;
    assert.match(reason, /3 times the broker refused it: reason code 149.*the broker takes 20000/);
    assert.equal(
      bench.lines.count(({ event }) => event === 'broker.lost'),
      0,
    );
  });

  it('says that a request is over message_size_limit, and sends it when the limit is raised', async () => {
    const broker = await startMosquitto(scope, { lines: ['message_size_limit 20000'] });
    const bench = await startBench(scope, { settings: [`mqtt.url=${broker.url}`] });
    await bench.request(1, 30_000);
    const { text } = await bench.says('broker.lost');
    assert.match(text, /right after PUBLISH on device\/image\/request \(30000 bytes\).*message_size_limit/);
    await broker.restart({});
    assert.equal(await bench.delivered.nth(1), 1);
  });
});
