// `shutterd policy` as a process.
import assert from 'node:assert/strict';
import { createHome, runShutterd } from '../helpers/daemon.ts';
import { Scope } from '../helpers/scope.ts';

const AWS = { 'mqtt.broker': 'aws' };

describe('shutterd policy', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  const run = async (args: readonly string[], settings: Readonly<Record<string, unknown>> = AWS) =>
    runShutterd(scope, await createHome(scope, settings), ['policy', ...args]);

  for (const [flag, value, allowed] of [
    ['--account', '12345', '12 digits are allowed'],
    ['--region', 'eu-west-1:*', 'a name such as eu-west-1 is allowed'],
  ] as const) {
    it(`ends with 2 for ${flag} ${value}`, async () => {
      const { code, out, err } = await run([flag, value]);
      assert.deepEqual([code, out], [2, '']);
      assert.ok(err.startsWith(`Cannot use ${flag} ${value}: `) && err.endsWith(allowed), err);
    });
  }

  it('ends with 2 for thing variables with a client id that is not the name of the thing', async () => {
    const { code, out, err } = await run(['--thing-variables'], {
      ...AWS,
      'mqtt.clientId': 'cam-{deviceId}',
    });
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /mqtt\.clientId is cam-\{deviceId\}, allowed is \{deviceId\}/);
  });

  it('ends with 1 and says so when the document is longer than AWS takes', async () => {
    const long = 'x'.repeat(200);
    const { code, out, err } = await run([], {
      ...AWS,
      'topics.trigger': ['a', 'b', 'c', 'd'].map((name) => `${name}/${long}`),
      'topics.request': `r/${long}`,
    });
    assert.equal(code, 1);
    assert.match(err, /^Cannot attach this policy as it is: it has \d+ characters .* 2048 are allowed/m);
    assert.doesNotThrow(() => JSON.parse(out) as unknown);
  });

  for (const json of [[], ['--json']]) {
    it(`prints the bare document ${json.join('')}`, async () => {
      const { code, out, err } = await run(['--account', '123456789012', '--region', 'eu-west-1', ...json]);
      assert.deepEqual([code, err], [0, '']);
      const { Version, Statement } = JSON.parse(out) as { Version: string; Statement: { Action: string }[] };
      assert.equal(Version, '2012-10-17');
      assert.deepEqual(
        Statement.map(({ Action }) => Action),
        ['iot:Connect', 'iot:Publish', 'iot:RetainPublish', 'iot:Subscribe', 'iot:Receive'],
      );
    });
  }

  it('notes on standard error that the broker is not AWS', async () => {
    const { code, out, err } = await run([], {});
    assert.equal(code, 0);
    assert.match(err, /^Note: mqtt\.broker is generic; set it to aws/);
    assert.match(out, /arn:aws:iot:REGION:ACCOUNT:client\/pi-test-cli-\*/);
  });
});

describe('shutterd policy --greengrass', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  const run = async (args: readonly string[], settings: Readonly<Record<string, unknown>> = {}) =>
    runShutterd(scope, await createHome(scope, settings), ['policy', '--greengrass', ...args]);

  for (const other of [['--account', '123456789012'], ['--region', 'eu-west-1'], ['--thing-variables']]) {
    it(`ends with 2 beside ${String(other[0])}`, async () => {
      const { code, out, err } = await run(other);
      assert.deepEqual([code, out], [2, '']);
      assert.equal(err, `Cannot use --greengrass with ${String(other[0])}: it is allowed alone`);
    });
  }

  it('ends with 2 and names the key of a bad configuration', async () => {
    const { code, out, err } = await run([], { 'mqtt.qos': 7 });
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /mqtt\.qos/);
  });

  it('prints the bare accessControl, with the topics of a device that has a name of its own', async () => {
    const { code, out, err } = await run([], {
      'topics.response': 'device/{deviceId}/image/response',
      'topics.outcome': '',
      'results.actions': [{ label: 'cat', minConfidence: 0.5, publish: 'door/open' }],
    });
    assert.deepEqual([code, err], [0, '']);
    assert.deepEqual(statementsOf(out), {
      'com.shutterd.Capture:mqttproxy:1': [
        'aws.greengrass#PublishToIoTCore',
        ['device/image/request', 'device/pi-test/status', 'door/open'],
      ],
      'com.shutterd.Capture:mqttproxy:2': [
        'aws.greengrass#SubscribeToIoTCore',
        [
          'device/pi-test/image/pause',
          'device/image/trigger',
          'device/pi-test/image/trigger',
          'device/pi-test/image/response',
        ],
      ],
    });
  });

  it('writes a star and a question mark of a topic so that they stand for themselves', async () => {
    const { out } = await run([], {
      'topics.request': 'plant/*/request?',
      'topics.trigger': ['plant/+/go/#'],
    });
    assert.match(out, /"plant\/\$\{\*\}\/request\$\{\?\}"/);
    assert.match(out, /"plant\/\+\/go\/#"/);
  });
});

function statementsOf(out: string): Readonly<Record<string, unknown>> {
  const { accessControl, ...rest } = JSON.parse(out) as {
    accessControl: Record<string, Record<string, { operations: string[]; resources: string[] }>>;
  };
  assert.deepEqual([rest, Object.keys(accessControl)], [{}, ['aws.greengrass.ipc.mqttproxy']]);
  return Object.fromEntries(
    Object.entries(accessControl['aws.greengrass.ipc.mqttproxy'] ?? {}).map(([name, statement]) => [
      name,
      [...statement.operations, statement.resources],
    ]),
  );
}
