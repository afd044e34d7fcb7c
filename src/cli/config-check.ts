// `shutterd config check`: validates the layers, of this machine or of a fleet, and lists every problem; it applies nothing.
import { checkAllDevices, checkDevice, type FleetCheck } from '../config/check-fleet.ts';
import { deviceId } from '../config/formats.ts';
import { formatProblem } from '../config/problem.ts';
import { describeRollout, type Tree } from '../config/rollout.ts';
import { sharedResponseWarnings } from '../config/shared-response.ts';
import { counted } from '../support/counted.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { linkWarnings } from './link-warnings.ts';
import { configurationPaths, readConfiguration, trustOf } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';

export const configCheckCommand: Command = {
  name: 'config check',
  summary: 'validates the configuration, of this machine or of a fleet, and lists all its errors',
  usage: '[DIR]... [--device ID | --all-devices]',
  flags: {
    device: {
      kind: 'text',
      value: 'ID',
      doc: 'for this device; environment, host name and local.* do not count',
    },
    'all-devices': {
      kind: 'switch',
      doc: 'for every file in devices/, a device without one, and every group',
    },
  },
  operands: [],
  moreOperands: 'DIR',
  exits: {},
  examples: [
    'shutterd config check',
    'shutterd config check ./fleet --device pi400-lab-1',
    'shutterd config check ./fleet --all-devices --json',
  ],
  run: checkConfiguration,
};

async function checkConfiguration(args: Arguments, context: Context): Promise<number> {
  const id = args.text('device');
  const all = args.isSet('all-devices');
  if (id === undefined && !all) return checkThisMachine(args, context);
  if (id !== undefined && all) {
    context.err('Cannot use --device with --all-devices: one of them is allowed\n');
    return EXIT.usage;
  }
  if (id !== undefined && !deviceId.accepts(id)) {
    context.err(`Cannot check device ${JSON.stringify(id)}: allowed is ${deviceId.allowed}\n`);
    return EXIT.usage;
  }
  const options = {
    ...configurationPaths(args, args.operands),
    settings: args.texts('set'),
    trust: trustOf(context, 'warn'),
  };
  const check = id === undefined ? await checkAllDevices(options) : await checkDevice(id, options);
  return reportFleet(check, args, context);
}

async function checkThisMachine(args: Arguments, context: Context): Promise<number> {
  const outcome = await readConfiguration(args, context, args.operands);
  if (outcome.kind === 'rejected') {
    const { problems } = outcome;
    if (args.isSet('json')) context.out(`${JSON.stringify({ valid: false, problems })}\n`);
    else context.err(`${problems.map(formatProblem).join('\n')}\n${counted(problems.length, 'error')}\n`);
    return EXIT.badConfiguration;
  }
  const { files, hash, config, rollout } = outcome;
  const warnings = [
    ...outcome.warnings,
    ...sharedResponseWarnings(outcome),
    ...(await linkWarnings(config, context)),
  ];
  if (args.isSet('json')) {
    const said = { valid: true, deviceId: config.device.id, files, hash, warnings };
    context.out(`${JSON.stringify({ ...said, ...(rollout === undefined ? {} : { rollout }) })}\n`);
    return EXIT.ok;
  }
  for (const warning of warnings) context.err(`${warning}\n`);
  const read = files.length === 0 ? 'built-in defaults' : files.join(', ');
  context.out(`valid for device ${config.device.id}: ${read}\n`);
  if (rollout !== undefined) context.out(`${describeRollout(rollout)}\n`);
  return EXIT.ok;
}

function reportFleet(
  { devices, trees, problems, warnings }: FleetCheck,
  args: Arguments,
  context: Context,
): number {
  const valid = problems.length === 0;
  const code = valid ? EXIT.ok : EXIT.badConfiguration;
  if (args.isSet('json')) {
    context.out(`${JSON.stringify({ valid, devices, trees, problems, warnings })}\n`);
    return code;
  }
  for (const warning of warnings) context.err(`${warning}\n`);
  for (const problem of problems) context.err(`${formatProblem(problem)}${whom(problem.devices)}\n`);
  if (valid) context.out(`valid for ${subjects(devices)}${inTrees(trees)}\n`);
  else context.err(`${counted(problems.length, 'error')}\n`);
  return code;
}

/** Said only where a problem is not every device's. */
function whom(devices: readonly string[]): string {
  if (devices.length === 0) return '';
  const shown = devices.slice(0, NAMES_SHOWN).join(', ');
  return ` [${shown}${devices.length > NAMES_SHOWN ? ` and ${String(devices.length - NAMES_SHOWN)} more` : ''}]`;
}

const NAMES_SHOWN = 3;

function subjects(devices: readonly string[]): string {
  return devices.length === 1
    ? `device ${devices[0] ?? ''}`
    : `${counted(devices.length, 'device')} with files`;
}

function inTrees(trees: readonly Tree[]): string {
  if (trees.length > 1) return ', in both trees';
  return trees[0] === 'next' ? ', which takes the next tree' : '';
}
