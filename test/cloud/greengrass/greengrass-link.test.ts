// The link through the nucleus with the real client of the SDK: what each answer, silence and end of the nucleus becomes.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { LinkFault, OutgoingMessage } from '../../../src/domain.ts';
import { createOpenGreengrassLink } from '../../../src/greengrass/open-link.ts';
import { createSystemClock } from '../../../src/support/clock.ts';
import { Scope } from '../../helpers/scope.ts';
import { attempt, openedLink, problemOf } from './link-bench.ts';
import type { NucleusModes } from './modes.ts';
import { startNucleus, type Nucleus } from './start-nucleus.ts';

const REQUEST = 'device/image/request';
const TRIGGER = 'device/image/trigger';
const QUICK = { connectTimeoutSeconds: 0.3, ackTimeoutSeconds: 0.3 };

const message = (changes: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  ...{ topic: REQUEST, payload: Buffer.from('{"request_id":"r1"}'), qos: 1, retain: false },
  ...changes,
});

describe('createOpenGreengrassLink() fails', () => {
  const whole = new Scope();
  const scope = new Scope();
  let nucleus: Nucleus;
  before(async () => {
    nucleus = await startNucleus(whole);
  });
  after(() => whole.end());
  afterEach(async () => {
    await scope.end();
    await nucleus.set({});
  });

  for (const missing of ['AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT', 'SVCUID']) {
    it(`without ${missing}, saying that no nucleus started it`, async () => {
      const { detail, remedy } = await problemOf(scope, { env: { ...nucleus.env, [missing]: '' } });
      assert.match(detail, /no Greengrass nucleus has started this process/);
      assert.match(remedy, /as a component .*--set mqtt\.transport=mqtt/);
    });
  }

  it('where nobody listens, and where the path fits no socket address', async () => {
    const folder = await scope.folder();
    for (const path of [join(folder, 'none.socket'), join(folder, 'x'.repeat(150))]) {
      const env = { ...nucleus.env, AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: path };
      const { fault, remedy } = await problemOf(scope, { env });
      assert.equal(fault, 'refusedConnection');
      assert.match(remedy, /start the nucleus/);
    }
  });

  it('with a token that the nucleus does not know, and says so after three of them', async () => {
    let shutOut = 0;
    const open = createOpenGreengrassLink(
      { filters: [], connectTimeoutSeconds: 5, ackTimeoutSeconds: 5 },
      {
        clock: createSystemClock(),
        env: { ...nucleus.env, SVCUID: 'of the nucleus before' },
        onMessage: () => undefined,
        onShutOut: () => {
          shutOut += 1;
        },
      },
    );
    for (const expected of [0, 0, 1]) {
      const outcome = await open(new AbortController().signal);
      assert.equal(outcome.kind, 'failed');
      assert.equal(outcome.problem.fault, 'credentials');
      assert.match(outcome.problem.remedy, /SVCUID.*restart the component/);
      assert.equal(shutOut, expected);
    }
  });

  const slow: readonly (readonly [string, Partial<NucleusModes>, LinkFault, RegExp])[] = [
    ['when the handshake is not answered', { handshake: 'silent' }, 'noConnack', /within 0\.3 s/],
    [
      'when a subscription is not answered',
      { subscribe: 'silent' },
      'subscribe',
      /SubscribeToIoTCore on device\/image\/trigger: no answer within 300 ms/,
    ],
    [
      'when the nucleus cannot subscribe',
      { subscribeError: 'it is offline' },
      'subscribe',
      /SubscribeToIoTCore on device\/image\/trigger: .*it is offline/,
    ],
    [
      'when the recipe does not allow a subscription',
      { denied: [TRIGGER] },
      'subscribe',
      /SubscribeToIoTCore on device\/image\/trigger: UnauthorizedError/,
    ],
  ];
  for (const [when, modes, fault, detail] of slow) {
    it(when, async () => {
      await nucleus.set(modes);
      const settings = { ...QUICK, filters: [TRIGGER] };
      const problem = await problemOf(scope, { env: nucleus.env, settings });
      assert.equal(problem.fault, fault);
      assert.match(problem.detail, detail);
    });
  }

  it('naming the statement that accessControl lacks', async () => {
    await nucleus.set({ denied: [TRIGGER] });
    const { remedy } = await problemOf(scope, { env: nucleus.env, settings: { filters: [TRIGGER] } });
    assert.match(remedy, /accessControl and aws\.greengrass\.ipc\.mqttproxy/);
    assert.match(remedy, /aws\.greengrass#SubscribeToIoTCore on the resource device\/image\/trigger/);
  });

  it('at the word of its caller, in the middle of the handshake', async () => {
    await nucleus.set({ handshake: 'silent' });
    const giveUp = new AbortController();
    const attempting = problemOf(scope, { env: nucleus.env, signal: giveUp.signal });
    giveUp.abort();
    assert.equal((await attempting).fault, 'stopped');
  });
});

describe('a Greengrass link', () => {
  const whole = new Scope();
  const scope = new Scope();
  let nucleus: Nucleus;
  before(async () => {
    nucleus = await startNucleus(whole);
  });
  after(() => whole.end());
  afterEach(async () => {
    await scope.end();
    await nucleus.set({});
  });

  it('is open only with its subscriptions, and hands over what they bring', async () => {
    const filters = [TRIGGER, 'device/+/pause'];
    const { link, messages } = await openedLink(scope, { env: nucleus.env, settings: { filters } });
    assert.equal(link.protocol, 'greengrass');
    assert.equal(await nucleus.deliver(TRIGGER, Buffer.from([0, 255, 1])), 1);
    assert.equal(await nucleus.deliver('device/pi/pause', 'on', true), 1);
    assert.equal(await nucleus.deliver('elsewhere', 'x'), 0);
    await messages.nth(2);
    assert.deepEqual(
      messages.all.map(({ topic, payload, retained, duplicate }) => [
        ...[topic, Buffer.from(payload).toString('hex'), retained, duplicate],
      ]),
      [
        [TRIGGER, '00ff01', false, false],
        ['device/pi/pause', '6f6e', true, false],
      ],
    );
  });

  it('publishes the largest payload unchanged, and an empty one', async () => {
    const { link } = await openedLink(scope, { env: nucleus.env });
    const payload = Buffer.alloc(131_072, 'picture ');
    assert.deepEqual(await link.publish(message({ payload })), { kind: 'acknowledged' });
    const arrived = nucleus.requests().at(-1);
    assert.equal(arrived?.bytes, payload.length);
    assert.equal(arrived.sha256, createHash('sha256').update(payload).digest('hex'));
    assert.deepEqual(await link.publish(message({ topic: 'empty', payload: new Uint8Array() })), {
      kind: 'acknowledged',
    });
  });

  it('publishes without the retain flag and without properties of MQTT 5', async () => {
    const { link } = await openedLink(scope, { env: nucleus.env });
    const properties = { contentType: 'text/plain', responseTopic: 'r', correlationData: Buffer.from('c') };
    await link.publish(message({ topic: 'status', retain: true, qos: 0, properties }));
    const { fields, qos } = await nucleus.published.nth(1, ({ topic }) => topic === 'status');
    assert.deepEqual([fields, qos], [[], '0']);
  });

  const refusals: readonly (readonly [string, Partial<NucleusModes>, number, RegExp])[] = [
    [
      'what the recipe does not allow, naming the statement',
      { denied: [REQUEST] },
      135,
      /UnauthorizedError.*accessControl.*aws\.greengrass#PublishToIoTCore on the resource device\/image\/request/,
    ],
    ['an error of the service', { publishError: 'payload too large' }, 131, /payload too large/],
    ['a full spooler as one that passes', { publishError: 'Message spool is full.' }, 137, /spool is full/],
    [
      'QoS 0 without the cloud as something that passes',
      { publishError: 'Device is offline. Dropping QoS 0 message.' },
      137,
      /offline/,
    ],
    ['an exception in the nucleus', { publish: 'internalError' }, 131, /InternalServerError/],
    ['an error that the operation does not have', { publish: 'invalidArguments' }, 131, /InvalidArguments/],
  ];
  for (const [what, modes, reasonCode, reason] of refusals) {
    it(`has refused ${what}, and stays up`, async () => {
      await nucleus.set(modes);
      const { link } = await openedLink(scope, { env: nucleus.env });
      const outcome = await link.publish(message());
      assert.equal(outcome.kind, 'refused', JSON.stringify(outcome));
      assert.equal(outcome.reasonCode, reasonCode);
      assert.match(outcome.reason, reason);
      await nucleus.set({});
      assert.deepEqual(await link.publish(message()), { kind: 'acknowledged' });
    });
  }

  it('ends when the nucleus ends a subscription, naming it', async () => {
    const { link } = await openedLink(scope, { env: nucleus.env, settings: { filters: [TRIGGER] } });
    await nucleus.endSubscriptions();
    const { fault, detail } = await link.ended;
    assert.equal(fault, 'closedByBroker');
    assert.match(detail, /subscription to device\/image\/trigger/);
    assert.deepEqual(await link.publish(message()), { kind: 'lost', wholePacketWritten: false });
  });

  it('ends when the nucleus is killed, and the next attempt goes to the one that comes after', async () => {
    const { link } = await openedLink(scope, { env: nucleus.env, settings: { filters: [TRIGGER] } });
    await nucleus.kill();
    assert.equal((await link.ended).fault, 'closedByBroker');
    assert.equal((await attempt(scope, { env: nucleus.env })).outcome.kind, 'failed');
    await nucleus.start();
    const next = await openedLink(scope, { env: nucleus.env });
    assert.deepEqual(await next.link.publish(message()), { kind: 'acknowledged' });
  });
});
