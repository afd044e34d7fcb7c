// `shutterd trigger` as a process, beside a running daemon and a scripted far side on a real mosquitto.
import assert from 'node:assert/strict';
import { connect } from 'mqtt';
import { createHome, runShutterd, startDaemon, type Daemon, type Home } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { startMosquitto, type Mosquitto } from '../helpers/mosquitto.ts';
import { subscribe } from '../helpers/mqtt-peer.ts';
import { Scope } from '../helpers/scope.ts';
import { OUTCOME, quick, REQUEST, RESPONSE, STATUS } from '../system/settings.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('shutterd trigger', () => {
  const scope = new Scope();
  let broker: Mosquitto;
  beforeEach(async () => {
    broker = await startMosquitto(scope);
  });
  afterEach(() => scope.end());

  const running = async (settings: Record<string, unknown> = {}): Promise<{ home: Home; daemon: Daemon }> => {
    const home = await createHome(scope, quick(broker.url, settings));
    const daemon = startDaemon(scope, home);
    await daemon.waitFor('broker.connected');
    return { home, daemon };
  };

  /** Answers each request with what `answer` makes of it. */
  const classify = async (answer: (requestId: string) => unknown): Promise<void> => {
    const client = connect(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
    scope.defer(() => client.endAsync(true));
    client.on('message', (_topic, payload) => {
      const { request_id: requestId } = JSON.parse(payload.toString()) as { request_id: string };
      client.publish(RESPONSE, JSON.stringify(answer(requestId)), { qos: 1 });
    });
    await client.subscribeAsync(REQUEST, { qos: 1 });
  };

  it('ends with 1 and names the cause when there is no broker', async () => {
    const home = await createHome(scope, quick(`mqtt://127.0.0.1:${await freePort()}`));
    const { code, out, err } = await runShutterd(scope, home, ['trigger']);
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /^Cannot reach broker mqtt:\/\/127\.0\.0\.1:\d+: ECONNREFUSED.*\n.+$/);
  });

  it('ends with 2 where no topic can be published on', async () => {
    const home = await createHome(scope, quick(broker.url, { 'topics.trigger': ['device/+/trigger'] }));
    const { code, err } = await runShutterd(scope, home, ['trigger']);
    assert.equal(code, 2);
    assert.match(err, /^Cannot trigger: topics\.trigger holds only wildcards/);
  });

  it('ends with 6 when nobody answers', async () => {
    const home = await createHome(scope, quick(broker.url));
    const { code, err } = await runShutterd(scope, home, ['trigger', '--wait', '--timeout', '0.3']);
    assert.equal(code, 6);
    assert.match(err, /^Cannot show the outcome: none came within 0\.3 s; is the daemon running/);
  });

  it('ends with 6 when the daemon answers and the far side does not', async () => {
    const { home } = await running();
    const { code, out, err } = await runShutterd(scope, home, ['trigger', '--wait', '--timeout', '0.7']);
    assert.equal(code, 6);
    assert.match(out, /^outcome +accepted, \d+ bytes, \d+ queued$/m);
    assert.match(
      err,
      /^Cannot show the classification: none came within 0\.7 s; does a classifier hear device\/image\/request and answer on device\/image\/response/,
    );
  });

  it('prints nothing that a terminal obeys, whoever forges the outcome', async () => {
    const home = await createHome(scope, quick(broker.url));
    const forger = connect(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
    scope.defer(() => forger.endAsync(true));
    forger.on('message', (_topic, payload) => {
      const { request_id: trigger_id } = JSON.parse(payload.toString()) as { request_id: string };
      const forged = { trigger_id, outcome: 'ignored', reason: 'a\u009b2Jb', request_id: '\u202ec' };
      forger.publish(OUTCOME, JSON.stringify(forged), { qos: 1 });
    });
    await forger.subscribeAsync('device/pi-test/image/trigger', { qos: 1 });
    for (const flags of [['--json'], []]) {
      const { code, out } = await runShutterd(scope, home, ['trigger', '--wait', ...flags]);
      assert.equal(code, 1);
      assert.match(out, /a\\+u009b2Jb/);
      assert.doesNotMatch(out, /[\u0080-\u009f\u202a-\u202e]/);
    }
  });

  it('ends with 1 when the trigger is ignored', async () => {
    const { home, daemon } = await running({ 'trigger.minIntervalSeconds': 3600 });
    daemon.signal('SIGUSR1');
    await daemon.waitFor('trigger.accepted');
    const { code, out } = await runShutterd(scope, home, ['trigger', '--wait', '--timeout', '5']);
    assert.equal(code, 1);
    assert.match(out, /^outcome +ignored, tooSoon$/m);
  });

  it('triggers the daemon of its own device, and does not push it off the broker', async () => {
    const { home, daemon } = await running();
    const peer = await subscribe(scope, broker.port, { topics: ['device/#'] });
    const { code, out } = await runShutterd(scope, home, ['trigger']);
    assert.deepEqual([code, out], [0, 'triggered on device/pi-test/image/trigger']);
    await daemon.waitFor('request.acknowledged');
    const json = await runShutterd(scope, home, ['trigger', '--json']);
    const said = JSON.parse(json.out) as Record<string, string>;
    assert.deepEqual(Object.keys(said), ['topic', 'trigger_id']);
    assert.match(said['trigger_id'] ?? '', UUID);
    await daemon.waitFor('request.acknowledged', 2);
    assert.deepEqual(daemon.of('broker.lost'), []);
    // The retained one at the subscription, and no word of the command's.
    assert.ok(peer.on(STATUS).every(({ payload }) => payload.toString().includes('"online"')));
  });

  for (const withId of [true, false]) {
    it(`follows the trigger to its classification, from a far side that returns ${withId ? 'the id' : 'no id'}`, async () => {
      const { home, daemon } = await running();
      const result = { label: 'Chihuahua', confidence: 0.97 };
      await classify((requestId) => ({ ...result, ...(withId ? { request_id: requestId } : {}) }));
      const text = await runShutterd(scope, home, ['trigger', '--wait']);
      assert.deepEqual([text.code, text.err], [0, '']);
      assert.match(text.out, /^outcome +accepted, \d+ bytes, \d+ queued\nclassification +Chihuahua 0\.97$/);
      const { code, out } = await runShutterd(scope, home, ['trigger', '--wait', '--json']);
      const answer = JSON.parse(out) as { outcome: Record<string, string>; classification: unknown };
      assert.equal(code, 0);
      assert.deepEqual(answer.classification, result);
      const { requestId } = await daemon.waitFor('result.received', 2);
      assert.equal(answer.outcome['requestId'], requestId);
    });
  }

  it('ends with 1 and the words of a far side that could not classify', async () => {
    const { home } = await running();
    await classify((requestId) => ({ error: 'no model\u001b[2J', request_id: requestId }));
    const { code, err } = await runShutterd(scope, home, ['trigger', '--wait']);
    assert.equal(code, 1);
    assert.equal(err, 'Cannot show the classification: the far side says "no model\\u001b[2J"');
    const json = await runShutterd(scope, home, ['trigger', '--wait', '--json']);
    assert.equal((JSON.parse(json.out) as { error: string }).error, 'no model\\u001b[2J');
  });

  it('does not take the result of another request for its own', async () => {
    const { home } = await running();
    await classify(() => ({
      label: 'cat',
      confidence: 1,
      request_id: '00000000-0000-4000-8000-000000000000',
    }));
    const { code, out } = await runShutterd(scope, home, ['trigger', '--wait', '--timeout', '0.7']);
    assert.equal(code, 6);
    assert.doesNotMatch(out, /cat/);
  });
});
