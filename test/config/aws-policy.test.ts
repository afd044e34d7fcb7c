// The policy against a small evaluator of policies: what the daemon and its commands do is allowed, and nothing beside it.
import assert from 'node:assert/strict';
import {
  awsPolicy,
  POLICY_CHARACTERS_MAX,
  policyCharacters,
  THING_NAME,
  type PolicyDocument,
  type PolicyOptions,
} from '../../src/config/aws-policy.ts';
import { loadConfig, type Loaded } from '../../src/config/load.ts';
import { PUBLISHED, SUBSCRIBED } from '../../src/config/own-topics.ts';

const ARN = 'arn:aws:iot:eu-west-1:123456789012:';
const OPTIONS: PolicyOptions = { account: '123456789012', region: 'eu-west-1', thingVariables: false };

async function loadedOf(...settings: readonly string[]): Promise<Loaded> {
  const outcome = await loadConfig({
    ...{ paths: [], defaultPathMayBeAbsent: false, env: {}, hostName: 'pi-1' },
    settings: ['mqtt.broker=aws', ...settings],
  });
  assert.ok(outcome.kind === 'loaded', JSON.stringify(outcome));
  return outcome;
}

async function policyOf(settings: readonly string[], options = OPTIONS): Promise<PolicyDocument> {
  return awsPolicy(await loadedOf(...settings), options);
}

function resourcesOf(document: PolicyDocument, action: string): readonly string[] {
  return document.Statement.filter(({ Action }) => Action === action)
    .flatMap(({ Resource }) => Resource)
    .map((arn) => arn.replace(ARN, ''));
}

/** As AWS evaluates it: `*` any characters, `?` one, and the escapes of both; `thing` fills the variable. */
function allows(
  document: PolicyDocument,
  [action, resource]: readonly [string, string],
  thing = '',
): boolean {
  return document.Statement.some(
    ({ Action, Resource }) =>
      Action === action && Resource.some((pattern) => matchesPattern(pattern, ARN + resource, thing)),
  );
}

function matchesPattern(pattern: string, text: string, thing: string): boolean {
  const parts = pattern
    .replaceAll(THING_NAME, () => thing)
    .match(/\$\{[*?$]\}|[^]/g)
    ?.map((part) => {
      if (part === '*') return '[^]*';
      if (part === '?') return '[^]';
      const plain = part.length > 1 ? part.charAt(2) : part;
      return plain.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    });
  return new RegExp(`^${parts?.join('') ?? ''}$`).test(text);
}

/** Settings that use every topic there is, with names that a policy would misread. */
const ALL_FEATURES = [
  'topics.trigger=["all/+/trigger","device/{deviceId}/image/trigger","group/#"]',
  'topics.request=$aws/rules/classify/{deviceId}',
  'topics.response=answers/{deviceId}/#',
  'topics.status=fleet/{deviceId}/status',
  'topics.outcome=out*come/{deviceId}',
  'topics.pause=pause?/{deviceId}',
  'mqtt.sessionExpirySeconds=600',
];

describe('awsPolicy()', () => {
  const foreign: readonly [string, string][] = [
    ['iot:Connect', 'client/pi-2'],
    ['iot:Connect', 'client/pi-10'],
    ['iot:Publish', 'topic/device/pi-2/status'],
    ['iot:Publish', 'topic/device/pi-10/status'],
    ['iot:Publish', 'topic/device/image/trigger'],
    ['iot:Publish', 'topic/device/image/response'],
    ['iot:Publish', 'topic/device/image/request/more'],
    ['iot:Publish', 'topic/$aws/things/pi-1/shadow/update'],
    ['iot:RetainPublish', 'topic/device/image/request'],
    ['iot:RetainPublish', 'topic/device/pi-1/image/outcome'],
    ['iot:Subscribe', 'topicfilter/#'],
    ['iot:Subscribe', 'topicfilter/device/#'],
    ['iot:Subscribe', 'topicfilter/device/pi-2/image/trigger'],
    ['iot:Receive', 'topic/device/pi-2/status'],
    ['iot:Receive', 'topic/device/image/request'],
    ['iot:DeleteThingShadow', 'thing/pi-1'],
  ];
  for (const [action, resource] of foreign) {
    it(`does not allow ${action} on ${resource}`, async () => {
      assert.equal(allows(await policyOf([]), [action, resource]), false);
    });
  }

  for (const [what, settings] of [
    ['the defaults', []],
    ['every feature', ALL_FEATURES],
    ['a generic broker', ['mqtt.broker=generic']],
  ] as const) {
    it(`allows all that the daemon does with ${what}`, async () => {
      const { config, origins } = await loadedOf(...settings);
      const document = awsPolicy({ config, origins }, OPTIONS);
      for (const topic of Object.values(PUBLISHED).flatMap((topicsOf) => topicsOf(config)))
        assert.ok(allows(document, ['iot:Publish', `topic/${topic}`]), topic);
      for (const filter of Object.values(SUBSCRIBED).flatMap((filtersOf) => filtersOf(config))) {
        assert.ok(allows(document, ['iot:Subscribe', `topicfilter/${filter}`]), filter);
        const topic = filter.replaceAll('+', 'one').replaceAll('#', 'one/two');
        assert.ok(allows(document, ['iot:Receive', `topic/${topic}`]), topic);
      }
      assert.ok(allows(document, ['iot:Connect', `client/${config.mqtt.clientId}`]));
      assert.ok(allows(document, ['iot:RetainPublish', `topic/${config.topics.status}`]));
      assert.ok(policyCharacters(document) <= POLICY_CHARACTERS_MAX, String(policyCharacters(document)));
    });
  }

  it('takes stars and question marks in names for themselves', async () => {
    const document = await policyOf(ALL_FEATURES);
    assert.ok(allows(document, ['iot:Publish', 'topic/out*come/pi-1']));
    assert.ok(!allows(document, ['iot:Publish', 'topic/outANYcome/pi-1']));
    assert.ok(allows(document, ['iot:Receive', 'topic/pause?/pi-1']));
    assert.ok(!allows(document, ['iot:Receive', 'topic/pauses/pi-1']));
  });

  it('allows to receive on the level that # stands for as well', async () => {
    const document = await policyOf(['topics.response=answers/#']);
    assert.ok(allows(document, ['iot:Receive', 'topic/answers']));
    assert.ok(!allows(document, ['iot:Receive', 'topic/answersheet']));
  });

  it('allows the commands: their ids, a trigger for this device, its outcome', async () => {
    const document = await policyOf([]);
    assert.ok(allows(document, ['iot:Connect', 'client/pi-1-cli-0a1b2c']));
    assert.ok(allows(document, ['iot:Publish', 'topic/device/pi-1/image/trigger']));
    assert.ok(allows(document, ['iot:Subscribe', 'topicfilter/device/pi-1/image/outcome']));
    assert.ok(allows(document, ['iot:Receive', 'topic/device/pi-1/image/outcome']));
  });

  it('does not let a device trigger a fleet that has one trigger topic', async () => {
    const document = await policyOf(['topics.trigger=["all/trigger"]']);
    assert.equal(allows(document, ['iot:Publish', 'topic/all/trigger']), false);
    assert.equal(allows(document, ['iot:Subscribe', 'topicfilter/device/pi-1/image/outcome']), false);
  });

  it('allows answers to triggers below this device, with broker aws only', async () => {
    assert.ok(allows(await policyOf([]), ['iot:Publish', 'topic/device/pi-1/anybody/asks']));
    const generic = await policyOf(['mqtt.broker=generic']);
    assert.deepEqual(resourcesOf(generic, 'iot:Publish'), [
      'topic/device/image/request',
      'topic/device/pi-1/status',
      'topic/device/pi-1/image/outcome',
      'topic/device/pi-1/image/trigger',
    ]);
  });

  it('allows the topics of actions, named for the device', async () => {
    const { config } = await loadedOf();
    const actions = [{ label: 'cat', minConfidence: 0.5, publish: 'alerts/{deviceId}/cat' }];
    const watchful = { ...config, results: { ...config.results, actions } };
    const document = awsPolicy({ config: watchful, origins: new Map() }, OPTIONS);
    assert.ok(allows(document, ['iot:Publish', 'topic/alerts/pi-1/cat']));
    assert.ok(!allows(document, ['iot:Publish', 'topic/alerts/pi-2/cat']));
  });

  const switched: readonly [string, readonly string[], string, readonly string[]][] = [
    ['retained status', [], 'iot:RetainPublish', ['topic/device/pi-1/status']],
    ['status that is not retained', ['mqtt.retain=false'], 'iot:RetainPublish', []],
    [
      'no outcome',
      ['mqtt.broker=generic', 'topics.outcome='],
      'iot:Publish',
      ['topic/device/image/request', 'topic/device/pi-1/status', 'topic/device/pi-1/image/trigger'],
    ],
    [
      'a client id of its own',
      ['mqtt.clientId=cam-{deviceId}'],
      'iot:Connect',
      ['client/cam-pi-1', 'client/cam-pi-1-cli-*'],
    ],
    [
      'a filter with wildcards, which stands as it is',
      ['topics.trigger=["all/+/trigger"]', 'topics.outcome='],
      'iot:Subscribe',
      [
        'topicfilter/all/+/trigger',
        'topicfilter/device/image/response',
        'topicfilter/device/pi-1/image/pause',
      ],
    ],
  ];
  for (const [what, settings, action, resources] of switched) {
    it(`${action} with ${what}`, async () => {
      assert.deepEqual(resourcesOf(await policyOf(settings), action), resources);
    });
  }

  for (const [seconds, attributes] of [
    [0, ['LastWill']],
    [600, ['PersistentConnect', 'LastWill']],
  ] as const) {
    it(`lets the connection have ${attributes.join(' and ')} with session expiry ${seconds}`, async () => {
      const { Statement } = await policyOf([`mqtt.sessionExpirySeconds=${seconds}`]);
      assert.deepEqual(Statement[0]?.Condition, {
        'ForAllValues:StringEquals': { 'iot:ConnectAttributes': attributes },
      });
    });
  }

  it("has the thing's name in place of the device id with thing variables, and only an attached thing connects", async () => {
    const document = await policyOf([], { ...OPTIONS, thingVariables: true });
    assert.doesNotMatch(JSON.stringify(document), /pi-1/);
    for (const thing of ['pi-1', 'pi-2']) {
      assert.ok(allows(document, ['iot:Connect', `client/${thing}`], thing));
      assert.ok(allows(document, ['iot:Publish', `topic/device/${thing}/status`], thing));
      assert.ok(allows(document, ['iot:Subscribe', `topicfilter/device/${thing}/image/trigger`], thing));
    }
    assert.ok(!allows(document, ['iot:Publish', 'topic/device/pi-2/status'], 'pi-1'));
    assert.deepEqual(document.Statement[0]?.Condition?.['Bool'], {
      'iot:Connection.Thing.IsAttached': 'true',
    });
    assert.ok(policyCharacters(document) <= POLICY_CHARACTERS_MAX, String(policyCharacters(document)));
  });

  it('keeps a topic that merely holds the letters of the device id', async () => {
    const document = awsPolicy(await loadedOf('device.id=image'), { ...OPTIONS, thingVariables: true });
    assert.ok(allows(document, ['iot:Publish', 'topic/device/image/request'], 'image-7'));
  });

  for (const [region, partition] of [
    ['eu-west-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
  ] as const) {
    it(`is for the partition ${partition} in ${region}`, async () => {
      const { Statement } = await policyOf([], { ...OPTIONS, region });
      const arns = Statement.flatMap(({ Resource }) => Resource);
      assert.ok(arns.every((arn) => arn.startsWith(`arn:${partition}:iot:${region}:123456789012:`)));
    });
  }

  it('has placeholders where account and region are not given', async () => {
    const { Statement } = await policyOf([], { thingVariables: false });
    assert.equal(Statement[0]?.Resource[0], 'arn:aws:iot:REGION:ACCOUNT:client/pi-1');
  });
});
