// `shutterd policy`: prints the AWS IoT Core policy that the effective configuration needs; it speaks to no cloud.
import {
  asWritten,
  awsPolicy,
  ownTriggerTopic,
  POLICY_CHARACTERS_MAX,
  policyCharacters,
  type PolicyDocument,
  type PolicyOptions,
} from '../config/aws-policy.ts';
import { greengrassAccess } from '../config/greengrass-access.ts';
import type { Loaded } from '../config/load.ts';
import { escapeInvisible } from '../support/visible-text.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { configurationOrProblems } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';

export const policyCommand: Command = {
  name: 'policy',
  summary: 'the least-privilege AWS IoT Core policy for this configuration, as a bare document',
  usage: '[--account N] [--region R] [--thing-variables] | --greengrass',
  flags: {
    account: {
      kind: 'text',
      value: 'N',
      doc: 'the AWS account, 12 digits (default ACCOUNT, to be replaced)',
    },
    region: {
      kind: 'text',
      value: 'R',
      doc: 'the AWS region, as eu-west-1 (default REGION, to be replaced)',
    },
    'thing-variables': { kind: 'switch', doc: "one policy for a fleet: the thing's name for the device id" },
    greengrass: {
      kind: 'switch',
      doc: "instead the accessControl of a Greengrass component's recipe, for mqtt.transport greengrass",
    },
  },
  operands: [],
  exits: {},
  examples: [
    'shutterd policy --account 123456789012 --region eu-west-1 > policy.json',
    'shutterd policy --thing-variables --set mqtt.broker=aws',
    'shutterd policy --greengrass --set topics.request=plant/7/request',
  ],
  run: policy,
};

const ACCOUNT = /^\d{12}$/;
// us-east-1, ap-southeast-2, us-gov-west-1
const REGION = /^[a-z]{2}(?:-[a-z]{2,12}){1,2}-\d{1,2}$/;

async function policy(args: Arguments, context: Context): Promise<number> {
  const [account, region] = [args.text('account'), args.text('region')];
  if (args.isSet('greengrass')) return access(args, context);
  const wrong = wrongUse(account, region);
  if (wrong !== undefined) {
    context.err(`${wrong}\n`);
    return EXIT.usage;
  }
  const loaded = await configurationOrProblems(args, context);
  if (loaded === undefined) return EXIT.badConfiguration;
  const thingVariables = args.isSet('thing-variables');
  const { clientId } = asWritten(loaded).mqtt;
  if (thingVariables && clientId !== '{deviceId}') {
    context.err(
      `Cannot write a policy with thing variables: mqtt.clientId is ${escapeInvisible(clientId)}, allowed is {deviceId}, ` +
        "because AWS IoT Core fills them in where the client id is the thing's name\n",
    );
    return EXIT.badConfiguration;
  }
  const options = {
    ...(account === undefined ? {} : { account }),
    ...(region === undefined ? {} : { region }),
    thingVariables,
  };
  const document = awsPolicy(loaded, options);
  context.out(`${JSON.stringify(document, null, 2)}\n`);
  for (const note of notes(loaded, options, document)) context.err(`${note}\n`);
  return policyCharacters(document) > POLICY_CHARACTERS_MAX ? EXIT.failure : EXIT.ok;
}

async function access(args: Arguments, context: Context): Promise<number> {
  const unused = ['account', 'region', 'thing-variables'].filter((flag) => args.isSet(flag));
  if (unused.length > 0) {
    context.err(`Cannot use --greengrass with --${unused.join(' and --')}: it is allowed alone\n`);
    return EXIT.usage;
  }
  const loaded = await configurationOrProblems(args, context);
  if (loaded === undefined) return EXIT.badConfiguration;
  context.out(`${JSON.stringify({ accessControl: greengrassAccess(loaded) }, null, 2)}\n`);
  return EXIT.ok;
}

function wrongUse(account: string | undefined, region: string | undefined): string | undefined {
  if (account !== undefined && !ACCOUNT.test(account))
    return `Cannot use --account ${escapeInvisible(account)}: it is no AWS account, 12 digits are allowed`;
  if (region !== undefined && !REGION.test(region))
    return `Cannot use --region ${escapeInvisible(region)}: it is no AWS region, a name such as eu-west-1 is allowed`;
  return undefined;
}

function notes(
  loaded: Loaded,
  { thingVariables }: PolicyOptions,
  document: PolicyDocument,
): readonly string[] {
  const { config } = loaded;
  const characters = policyCharacters(document);
  const said: readonly (readonly [boolean, string])[] = [
    [
      config.mqtt.broker !== 'aws',
      "Note: mqtt.broker is generic; set it to aws, so that AWS IoT Core's limits are checked and triggers are answered " +
        `below device/${config.device.id}/ only, which the policy then allows`,
    ],
    [
      ownTriggerTopic(asWritten(loaded)) === undefined,
      'Note: no topic of topics.trigger names {deviceId} without wildcards, so the policy does not let this device ' +
        'trigger itself (shutterd trigger)',
    ],
    [
      thingVariables,
      'Note: attach each certificate to its thing, named as its device.id; the commands trigger, publish and results --live ' +
        'connect under an id of their own, and AWS IoT Core knows the thing then only where it is attached exclusively',
    ],
    [
      characters > POLICY_CHARACTERS_MAX,
      `Cannot attach this policy as it is: it has ${characters} characters without white space, ` +
        `${POLICY_CHARACTERS_MAX} are allowed; make two of its statements and attach both, or use shorter topics`,
    ],
  ];
  return said.filter(([holds]) => holds).map(([, note]) => note);
}
