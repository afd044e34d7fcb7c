// The real daemon as a component of a nucleus: the whole way of a picture, and what is kept when the IPC fails it.
import assert from 'node:assert/strict';
import {
  createHome,
  runShutterd,
  startDaemon,
  storedIds,
  type Daemon,
  type Home,
} from '../../helpers/daemon.ts';
import { Scope } from '../../helpers/scope.ts';
import { checkConservation, type Verdict } from '../../oracle/conservation.ts';
import { keptIn, quarantinedIn } from '../../oracle/look-at-outbox.ts';
import {
  json,
  OUTCOME,
  quick,
  REQUEST,
  RESPONSE,
  STATUS,
  stopsClean,
  storeSome,
  TRIGGER,
} from '../../system/settings.ts';
import type { NucleusModes } from './modes.ts';
import { startNucleus, type Nucleus } from './start-nucleus.ts';

interface Stage {
  readonly home: Home;
  readonly nucleus: Nucleus;
}

const SETTINGS = {
  'mqtt.transport': 'greengrass',
  'mqtt.ackTimeoutSeconds': 1,
  'mqtt.connectTimeoutSeconds': 1,
};

async function setStage(scope: Scope, modes: Partial<NucleusModes> = {}): Promise<Stage> {
  const nucleus = await startNucleus(scope, modes);
  const settings = Object.entries(quick('unused', SETTINGS)).filter(([key]) => key !== 'mqtt.url');
  return { nucleus, home: await createHome(scope, Object.fromEntries(settings), nucleus.env) };
}

async function verdictOn(daemon: Daemon, { home, nucleus }: Stage): Promise<Verdict> {
  return checkConservation({
    lines: daemon.lines.all,
    arrivals: nucleus.requests(),
    kept: await keptIn(home.outbox),
    quarantined: await quarantinedIn(home.outbox),
  });
}

describe('shutterd run as a Greengrass component', function () {
  this.timeout(60_000); // three attempts, or two restarts, each with its backoff; on a busy machine each start takes seconds
  const scope = new Scope();
  afterEach(() => scope.end());

  it('answers a trigger with outcome, request and the line of its result', async () => {
    const stage = await setStage(scope);
    const { nucleus, home } = stage;
    const daemon = startDaemon(scope, home);
    assert.equal((await daemon.waitFor('daemon.ready'))['broker'], 'greengrass');
    assert.equal((await daemon.waitFor('broker.connected'))['protocol'], 'greengrass');
    assert.equal(await nucleus.deliver(TRIGGER, '{"request_id":"t-1"}'), 1);
    const request = json((await nucleus.published.nth(1, ({ topic }) => topic === REQUEST)).payload);
    const outcome = json((await nucleus.published.nth(1, ({ topic }) => topic === OUTCOME)).payload);
    assert.equal(outcome['outcome'], 'accepted');
    assert.deepEqual([outcome['trigger_id'], outcome['request_id']], ['t-1', request['request_id']]);
    const { request_id: requestId } = request;
    await nucleus.deliver(
      RESPONSE,
      JSON.stringify({ label: 'Chihuahua', confidence: 0.9, request_id: requestId }),
    );
    const result = await daemon.waitFor('result.received');
    assert.deepEqual(
      [result['label'], result['requestId'], result['matchedBy']],
      ['Chihuahua', requestId, 'requestId'],
    );
    await daemon.waitFor('request.acknowledged');
    await stopsClean(daemon, home);
    const states = nucleus.published.all.filter(({ topic }) => topic === STATUS);
    assert.deepEqual(
      [
        json(states.at(0)?.payload ?? Buffer.of())['state'],
        json(states.at(-1)?.payload ?? Buffer.of())['state'],
      ],
      ['online', 'offline'],
    );
    assert.ok(
      states.every(({ fields }) => fields.length === 0),
      'a status had a retain flag or properties',
    );
    assert.deepEqual((await verdictOn(daemon, stage)).violations, []);
  });

  it('keeps what it took while the nucleus is away, and loses none when the nucleus is killed in mid-drain', async () => {
    const stage = await setStage(scope, { answerDelayMs: 20 });
    const { nucleus, home } = stage;
    await nucleus.kill();
    const daemon = startDaemon(scope, home);
    await daemon.waitFor('broker.retry');
    const ids = await storeSome(daemon, 12);
    assert.deepEqual(await storedIds(home), ids);
    await nucleus.start();
    for (const arrivals of [3, 7]) {
      await nucleus.published.nth(arrivals, ({ topic }) => topic === REQUEST);
      await nucleus.kill();
      await nucleus.start();
    }
    await daemon.waitFor('request.acknowledged', ids.length);
    assert.equal(daemon.of('broker.lost').length, 2);
    await stopsClean(daemon, home);
    const verdict = await verdictOn(daemon, stage);
    assert.deepEqual(verdict.violations, []);
    const { accepted, acknowledged, lost, kept, repeats } = verdict;
    assert.deepEqual(
      { accepted, acknowledged, lost, kept },
      { accepted: 12, acknowledged: 12, lost: 0, kept: 0 },
    );
    assert.ok(repeats <= 2, `${repeats} arrived twice in two restarts`);
  });

  it('is online only when the recipe allows all its subscriptions, and names the one that it does not', async () => {
    const { nucleus, home } = await setStage(scope, { denied: [RESPONSE] });
    const daemon = startDaemon(scope, home);
    const refused = await daemon.waitFor('broker.refused');
    assert.match(
      String(refused['detail']),
      /SubscribeToIoTCore on device\/image\/response: UnauthorizedError/,
    );
    assert.match(String(refused['remedy']), /accessControl/);
    assert.equal(daemon.of('broker.connected').length, 0);
    await nucleus.set({});
    await daemon.waitFor('broker.connected');
    await stopsClean(daemon, home);
  });

  it('ends with 1 when the nucleus knows its token no more, so that another one is started', async () => {
    const { nucleus, home } = await setStage(scope);
    const orphan = { ...home, env: { ...home.env, SVCUID: 'of the nucleus before' } };
    const daemon = startDaemon(scope, orphan);
    assert.deepEqual(await daemon.ended, { code: 1, signal: null }, daemon.errors.all.join('\n'));
    assert.match(String(daemon.of('broker.refused')[0]?.['remedy']), /restart the component/);
    const next = startDaemon(scope, home);
    await next.waitFor('broker.connected');
    await stopsClean(next, home);
    assert.deepEqual(nucleus.requests(), []);
  });
});

describe('shutterd run as a Greengrass component keeps its requests when the nucleus', () => {
  const scope = new Scope();
  let stage: Stage;
  let daemon: Daemon;
  before(async () => {
    stage = await setStage(scope);
    daemon = startDaemon(scope, stage.home);
  });
  after(() => scope.end());

  const faults: readonly (readonly [string, Partial<NucleusModes>, Readonly<Record<string, unknown>>])[] = [
    ['does not answer', { publish: 'silent' }, { event: 'broker.lost', fault: 'ackTimeout' }],
    [
      'closes instead of answering',
      { closeBeforeAnswerOf: 1 },
      { event: 'broker.lost', fault: 'closedByBroker' },
    ],
    ['does not allow the request topic', { denied: [REQUEST] }, { event: 'broker.refused', reasonCode: 135 }],
    [
      'has a full spooler',
      { publishError: 'Message spool is full.' },
      { event: 'broker.refused', reasonCode: 137 },
    ],
    ['fails inside', { publish: 'internalError' }, { event: 'broker.refused', reasonCode: 131 }],
  ];
  for (const [what, modes, told] of faults) {
    it(`${what}, and delivers them when that is over`, async () => {
      const { nucleus, home } = stage;
      const delivered = daemon.of('request.acknowledged').length;
      await daemon.waitFor('broker.connected', daemon.of('broker.lost').length + 1);
      await nucleus.set(modes);
      const from = daemon.lines.all.length;
      const ids = await storeSome(daemon, 2);
      await daemon.lines.nth(
        1,
        (line) =>
          daemon.lines.all.indexOf(line) >= from &&
          Object.entries(told).every(([name, value]) => line[name] === value),
      );
      assert.equal(daemon.of('request.acknowledged').length, delivered);
      assert.deepEqual(await storedIds(home), ids);
      await nucleus.set({});
      await daemon.waitFor('request.acknowledged', delivered + 2);
    });
  }

  it('has failed it in all these ways, and each arrived, was claimed once and set aside never', async () => {
    await stopsClean(daemon, stage.home);
    const { violations, accepted, acknowledged, kept, quarantined } = await verdictOn(daemon, stage);
    const all = 2 * faults.length;
    assert.deepEqual(
      { violations, accepted, acknowledged, kept, quarantined },
      { violations: [], accepted: all, acknowledged: all, kept: 0, quarantined: 0 },
    );
  });
});

describe('mqtt.transport greengrass where no nucleus has started the process', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  for (const args of [['trigger'], ['results', '--live'], ['fleet', 'status']]) {
    it(`is said by shutterd ${args.join(' ')}`, async () => {
      const home = await createHome(scope, { 'mqtt.transport': 'greengrass' });
      const { code, err } = await runShutterd(scope, home, args);
      assert.equal(code, 1);
      assert.match(err, /^Cannot reach broker greengrass: .*no Greengrass nucleus has started this process/);
      assert.match(err, /run it as a component \(cloud\/README\.md\)/);
    });
  }

  it('is said by shutterd run, which goes on taking pictures', async () => {
    const home = await createHome(scope, quick('mqtt://unused', { 'mqtt.transport': 'greengrass' }));
    const daemon = startDaemon(scope, home);
    const applied = await daemon.waitFor('config.applied');
    assert.match(
      JSON.stringify(applied['warnings']),
      /mqtt\.url has no effect, the nucleus has the connection/,
    );
    assert.match(String((await daemon.waitFor('broker.refused'))['detail']), /no Greengrass nucleus/);
    const ids = await storeSome(daemon, 1);
    await stopsClean(daemon, home);
    assert.deepEqual(await storedIds(home), ids);
  });
});
