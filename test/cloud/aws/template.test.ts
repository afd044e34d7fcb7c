// The CloudFormation template: every name resolves, every right is as narrow as it can be, and it says what the programs say.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings, type Environment } from '../../../cloud/aws/lambda/settings.ts';
import { awsPolicy, type PolicyDocument } from '../../../src/config/aws-policy.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { repositoryRoot } from '../../house/repository-root.ts';
import { evaluator } from './template-evaluator.ts';
import { readTemplate, type Map, type Node, type Resource } from './template-reader.ts';

const template = readTemplate();
const { Parameters, Conditions, Resources, Outputs } = template;

/** Required and other properties, and attributes, of the types that are used ("AWS resource and property types reference"). */
const TYPES: Readonly<Record<string, { required: string; optional?: string; attributes?: string }>> = {
  'AWS::IoT::TopicRule': { required: 'TopicRulePayload', optional: 'RuleName Tags', attributes: 'Arn' },
  'AWS::IoT::Policy': { required: 'PolicyDocument', optional: 'PolicyName Tags', attributes: 'Arn Id' },
  'AWS::Lambda::Function': {
    required: 'Code Role Runtime Handler',
    optional: 'Architectures Description Environment FunctionName LoggingConfig MemorySize Timeout',
    attributes: 'Arn',
  },
  'AWS::Lambda::Permission': {
    required: 'Action FunctionName Principal',
    optional: 'SourceArn SourceAccount',
  },
  'AWS::Lambda::EventInvokeConfig': {
    required: 'FunctionName Qualifier',
    optional: 'MaximumRetryAttempts MaximumEventAgeInSeconds DestinationConfig',
  },
  'AWS::IAM::Role': {
    required: 'AssumeRolePolicyDocument',
    optional: 'Description Policies',
    attributes: 'Arn RoleId',
  },
  'AWS::IAM::RolePolicy': { required: 'PolicyName RoleName', optional: 'PolicyDocument' },
  'AWS::SQS::Queue': {
    required: '',
    optional: 'MessageRetentionPeriod SqsManagedSseEnabled',
    attributes: 'Arn QueueName QueueUrl',
  },
  'AWS::Logs::LogGroup': { required: '', optional: 'RetentionInDays LogGroupName', attributes: 'Arn' },
  'AWS::Logs::MetricFilter': {
    required: 'LogGroupName FilterPattern MetricTransformations',
    optional: 'FilterName',
  },
  'AWS::CloudWatch::Alarm': {
    required: 'ComparisonOperator EvaluationPeriods Namespace MetricName Statistic Period Threshold',
    optional: 'AlarmDescription AlarmActions Dimensions TreatMissingData',
  },
};
const words = (text = ''): readonly string[] => text.split(' ').filter((word) => word !== '');

describe('template.yaml', () => {
  const usual = { EndpointName: 'mobilenet-v2' };
  const perDevice = {
    ...usual,
    RequestTopic: 'device/{deviceId}/image/request',
    ResponseTopic: 'device/{deviceId}/image/response',
  };
  const oneThing = { ...perDevice, ThingName: 'pi-1' };
  const resource = (name: string): Resource => {
    const found = Resources[name];
    assert.ok(found !== undefined, name);
    return found;
  };
  const propertiesOf = (name: string, parameters: Readonly<Record<string, string | number>>): Map =>
    evaluator(template, parameters).value(resource(name).Properties) as Map;
  const at = (node: Node | undefined, ...path: readonly (string | number)[]): Node =>
    path.reduce<Node>(
      (inner, key) => (typeof inner === 'object' ? ((inner as Map | null)?.[key] ?? null) : null),
      node ?? null,
    );

  it('uses every parameter and condition, and names nothing that is not there', () => {
    const used = new Set(namesIn([Conditions, Object.values(Resources), Object.values(Outputs)] as Node));
    const pseudo = ['AWS::Partition', 'AWS::Region', 'AWS::AccountId', 'AWS::StackName', 'AWS::NoValue'];
    const known = [...[Parameters, Resources, Conditions].flatMap((part) => Object.keys(part)), ...pseudo];
    assert.deepEqual(
      [...used].filter((name) => !known.includes(name)),
      [],
    );
    const expected = [...Object.keys(Parameters), ...Object.keys(Conditions)];
    assert.deepEqual(
      expected.filter((name) => !used.has(name)),
      [],
    );
  });

  it('asks resources for attributes that they have', () => {
    for (const [name, attribute] of attributesIn(Object.values(Resources) as unknown as Node)) {
      const { attributes } = TYPES[resource(name).Type] ?? {};
      assert.ok(words(attributes).includes(attribute), `${name}.${attribute}`);
    }
  });

  for (const [name, { Type, Properties }] of Object.entries(Resources)) {
    it(`${name} has the properties of ${Type} and no others`, () => {
      const { required, optional } = TYPES[Type] ?? {};
      assert.ok(required !== undefined, Type);
      const given = Object.keys(Properties);
      assert.deepEqual(
        words(required).filter((property) => !given.includes(property)),
        [],
      );
      const allowed = [...words(required), ...words(optional)];
      assert.deepEqual(
        given.filter((property) => !allowed.includes(property)),
        [],
      );
    });
  }

  it('has no circle among its resources', () => {
    const needs = (name: string): string[] => {
      const { Properties, DependsOn = [] } = resource(name);
      return [...namesIn(Properties), DependsOn].flat().filter((other) => other in Resources);
    };
    const visit = (name: string, above: readonly string[]): void => {
      assert.ok(!above.includes(name), [...above, name].join(' -> '));
      for (const other of needs(name)) visit(other, [...above, name]);
    };
    for (const name of Object.keys(Resources)) visit(name, []);
  });

  for (const [says, parameters] of [
    ['the usual topics', usual],
    ['topics of each device', perDevice],
    ['one thing', oneThing],
  ] as const) {
    it(`evaluates without a gap for ${says}`, () => {
      const { value } = evaluator(template, parameters);
      const text = JSON.stringify([value(Resources as unknown as Node), value(Outputs)]);
      assert.doesNotMatch(text, /\{deviceId\}(?!\/image\/re(quest|sponse)")/); // left in settings and outputs only
      assert.doesNotMatch(text, /NoValue|undefined|null/);
    });
  }

  const sql: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [usual, `SELECT * FROM 'device/image/request'`],
    [{ ...usual, ThingName: 'pi-1' }, `SELECT * FROM 'device/image/request'`],
    [perDevice, `SELECT *, topic() AS topic FROM 'device/+/image/request'`],
    [oneThing, `SELECT *, topic() AS topic FROM 'device/pi-1/image/request'`],
  ];
  for (const [parameters, expected] of sql) {
    it(`makes the rule ${expected}${'ThingName' in parameters ? ', for one thing' : ''}`, () => {
      assert.equal(at(propertiesOf('Rule', parameters)['TopicRulePayload'], 'Sql'), expected);
    });
  }

  it('sends to the function, and what it does not take to the dead letters, by a role for just that', () => {
    const { Actions, ErrorAction } = propertiesOf('Rule', usual)['TopicRulePayload'] as Map;
    assert.deepEqual(Actions, [{ Lambda: { FunctionArn: '<Function.Arn>' } }]);
    assert.deepEqual(at(ErrorAction, 'Sqs', 'QueueUrl'), '<DeadLetters>');
    assert.deepEqual(at(ErrorAction, 'Sqs', 'RoleArn'), '<RuleRole.Arn>');
    assert.deepEqual(statementsOf('RuleRole'), [['sqs:SendMessage', '<DeadLetters.Arn>']]);
  });

  it('lets this rule of this account call the function, and nobody else', () => {
    const { Principal, SourceArn, SourceAccount } = propertiesOf('RuleMayCall', usual);
    assert.deepEqual(
      [Principal, SourceArn, SourceAccount],
      ['iot.amazonaws.com', '<Rule.Arn>', '123456789012'],
    );
  });

  const statementsOf = (name: string, parameters: Readonly<Record<string, string>> = usual): Node[][] => {
    const properties = propertiesOf(name, parameters);
    const documents = [properties['PolicyDocument'], at(properties['Policies'], 0, 'PolicyDocument')];
    return documents
      .flatMap((document) => (at(document ?? null, 'Statement') ?? []) as readonly Map[])
      .map(({ Action = null, Resource: on = null }) => [Action, on]);
  };

  const IOT = 'arn:aws:iot:eu-central-1:123456789012:topic/';
  const ENDPOINT = 'arn:aws:sagemaker:eu-central-1:123456789012:endpoint/';
  const rights: readonly (readonly [Readonly<Record<string, string>>, endpoint: string, topic: string])[] = [
    [usual, 'mobilenet-v2', 'device/image/response'],
    [{ ...usual, ThingName: 'pi-1' }, 'mobilenet-v2', 'device/image/response'],
    [
      { ...oneThing, EndpointName: 'MobileNet', EndpointArnName: 'mobilenet' },
      'mobilenet',
      'device/pi-1/image/response',
    ],
    [perDevice, 'mobilenet-v2', 'device/*/image/response'],
  ];
  for (const [parameters, endpoint, topic] of rights) {
    it(`lets the function ask ${endpoint}, publish on ${topic} and write its log, nothing else`, () => {
      assert.deepEqual(statementsOf('FunctionPolicy', parameters), [
        ['sagemaker:InvokeEndpoint', `${ENDPOINT}${endpoint}`],
        ['iot:Publish', `${IOT}${topic}`],
        [['logs:CreateLogStream', 'logs:PutLogEvents'], '<Log.Arn>'],
        ['sqs:SendMessage', '<DeadLetters.Arn>'],
      ]);
    });
  }

  it('has no star in any action or principal', () => {
    const actions =
      JSON.stringify(Resources).match(/"(Action|Principal)":("[^"]*"|\[[^\]]*\]|\{[^}]*\})/g) ?? [];
    assert.ok(actions.length > 8);
    assert.deepEqual(
      actions.filter((action) => action.includes('*')),
      [],
    );
  });

  for (const [says, parameters] of [
    ['the usual topics', usual],
    ['topics of each device', perDevice],
    ['other topics', { ...usual, RequestTopic: 'cameras/{deviceId}/asks', ResponseTopic: 'answers' }],
  ] as const) {
    it(`gives cameras the policy that shutterd policy prints, for ${says}`, async () => {
      const { RequestTopic, ResponseTopic }: Readonly<Record<string, string>> = parameters;
      const loaded = await loadConfig({
        ...{ paths: [], defaultPathMayBeAbsent: false, env: {}, hostName: 'pi-1' },
        settings: [
          'mqtt.broker=aws',
          ...(RequestTopic === undefined ? [] : [`topics.request=${RequestTopic}`]),
          ...(ResponseTopic === undefined ? [] : [`topics.response=${ResponseTopic}`]),
        ],
      });
      assert.ok(loaded.kind === 'loaded');
      const options = { account: '123456789012', region: 'eu-central-1', thingVariables: true };
      const { PolicyDocument: document } = propertiesOf('CameraPolicy', parameters);
      assert.deepEqual(uncovered(document as unknown as PolicyDocument), awsPolicy(loaded, options));
    });
  }

  it('gives the function settings that it takes, for every allowed value of every parameter', () => {
    const environmentFor = (parameters: Readonly<Record<string, string | number>>): Environment =>
      at(propertiesOf('Function', { ...usual, ...parameters })['Environment'], 'Variables') as Environment;
    for (const [name, { AllowedValues = [] }] of Object.entries(Parameters))
      for (const value of AllowedValues)
        assert.doesNotThrow(() => readSettings(environmentFor({ [name]: value })));
    const text = readFileSync(join(repositoryRoot(), 'cloud/aws/lambda/settings.ts'), 'utf8');
    const read = [...new Set([...text.matchAll(/read\.\w+\('([A-Z_]+)'/g)].map(([, name]) => name))].sort();
    assert.deepEqual(Object.keys(environmentFor({})).sort(), read);
    assert.deepEqual(readSettings(environmentFor({})), readSettings({ ENDPOINT_NAME: 'mobilenet-v2' }));
  });

  it('ends the function later than the function ends itself', () => {
    const { Timeout } = propertiesOf('Function', usual);
    assert.ok(Number(Timeout) >= Number(Parameters['EndpointTimeoutSeconds']?.MaxValue) + 5.5);
  });

  it('tries an event once more at most, within minutes, then keeps it', () => {
    const { MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig } = propertiesOf(
      'FunctionRetries',
      usual,
    );
    assert.deepEqual([MaximumRetryAttempts, MaximumEventAgeInSeconds], [1, 120]);
    assert.equal(at(DestinationConfig, 'OnFailure', 'Destination'), '<DeadLetters.Arn>');
  });

  it('keeps the log for as long as it is told', () => {
    assert.equal(propertiesOf('Log', { ...usual, LogRetentionDays: 7 })['RetentionInDays'], '7');
    assert.equal(at(propertiesOf('Function', usual)['LoggingConfig'], 'LogGroup'), '<Log>');
  });

  it('raises alarms on failed requests, errors, throttles and dead letters, to the topic where one is given', () => {
    const alarms = Object.keys(Resources).filter((name) => resource(name).Type === 'AWS::CloudWatch::Alarm');
    assert.deepEqual(alarms.map((name) => propertiesOf(name, usual)['MetricName']).sort(), [
      'ApproximateNumberOfMessagesVisible',
      'Errors',
      'FailedRequests',
      'Throttles',
    ]);
    const topic = 'arn:aws:sns:eu-central-1:123456789012:ops';
    for (const name of alarms) {
      assert.deepEqual(propertiesOf(name, usual)['AlarmActions'], []);
      assert.deepEqual(propertiesOf(name, { ...usual, AlarmTopicArn: topic })['AlarmActions'], [topic]);
    }
  });

  it('takes the endpoint names, things and topics that there are, and no wildcard or quote', () => {
    const takes = (name: string, value: string): boolean =>
      new RegExp(Parameters[name]?.AllowedPattern ?? '').test(value);
    assert.ok(takes('EndpointName', 'MobileNet-v2') && !takes('EndpointName', 'a/b'));
    assert.ok(takes('ThingName', '') && takes('ThingName', 'pi-1') && !takes('ThingName', 'pi.1'));
    for (const name of ['RequestTopic', 'ResponseTopic']) {
      assert.ok(takes(name, 'device/{deviceId}/image/x'));
      for (const wrong of ['', 'a/+', 'a/#', `a' WHERE '1`, '$aws/x', 'a\\b'])
        assert.ok(!takes(name, wrong), wrong);
    }
  });

  it('has each of its parameters explained in the README', () => {
    const text = readFileSync(join(repositoryRoot(), 'cloud/README.md'), 'utf8');
    assert.deepEqual(
      Object.keys(Parameters).filter((name) => !text.includes(`\`${name}\``)),
      [],
    );
  });
});

/** The program leaves out what a pattern beside it covers; CloudFormation cannot tell. */
function uncovered({ Version, Statement }: PolicyDocument): PolicyDocument {
  const covers = (pattern: string, other: string): boolean =>
    pattern !== other && pattern.endsWith('/*') && other.startsWith(pattern.slice(0, -1));
  return {
    Version,
    Statement: Statement.map((statement) => ({
      ...statement,
      Resource: statement.Resource.filter((one) => !statement.Resource.some((other) => covers(other, one))),
    })),
  };
}

/** Names in Ref, GetAtt, Sub and If, below a node. */
function namesIn(node: Node): string[] {
  if (Array.isArray(node)) return (node as readonly Node[]).flatMap(namesIn);
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node as Map).flatMap(([key, inner]) => [...namesOf(key, inner), ...namesIn(inner)]);
}

function namesOf(key: string, inner: Node): readonly string[] {
  const [first = null, second = null] = Array.isArray(inner) ? (inner as readonly Node[]) : [inner];
  if (typeof first !== 'string') return [];
  switch (key) {
    case 'Ref':
    case 'Fn::GetAtt':
    case 'Fn::If':
      return [first];
    case 'Fn::Sub': {
      const own = typeof second === 'object' && second !== null ? Object.keys(second) : [];
      const names = [...first.matchAll(/\$\{([^!}][^}]*)\}/g)].map(
        ([, name = '']) => name.split('.')[0] ?? '',
      );
      return names.filter((name) => !own.includes(name));
    }
    default:
      return [];
  }
}

function attributesIn(node: Node): (readonly [string, string])[] {
  if (Array.isArray(node)) return (node as readonly Node[]).flatMap(attributesIn);
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node as Map).flatMap(([key, inner]) => {
    const [name, attribute] = key === 'Fn::GetAtt' ? (inner as readonly string[]) : [];
    return [
      ...(name === undefined || attribute === undefined ? [] : [[name, attribute] as const]),
      ...attributesIn(inner),
    ];
  });
}
