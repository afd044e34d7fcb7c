// `shutterd config check`: validates the layers and lists every problem; it applies nothing.
import { formatProblem } from '../config/problem.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { readConfiguration } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';

export const configCheckCommand: Command = {
  name: 'config check',
  summary: 'validates the configuration and lists all its errors',
  usage: '[--config PATH]...',
  flags: {},
  operands: [],
  exits: {},
  examples: ['shutterd config check', 'shutterd config check --config ./config --set device.id=pi400-lab-1'],
  run: checkConfiguration,
};

async function checkConfiguration(args: Arguments, context: Context): Promise<number> {
  const outcome = await readConfiguration(args, context);
  if (outcome.kind === 'rejected') {
    const { problems } = outcome;
    if (args.isSet('json')) context.out(`${JSON.stringify({ valid: false, problems })}\n`);
    else context.err(`${problems.map(formatProblem).join('\n')}\n${counted(problems.length, 'error')}\n`);
    return EXIT.badConfiguration;
  }
  const { files, hash, warnings, config } = outcome;
  if (args.isSet('json')) {
    context.out(`${JSON.stringify({ valid: true, deviceId: config.device.id, files, hash, warnings })}\n`);
    return EXIT.ok;
  }
  for (const warning of warnings) context.err(`${warning}\n`);
  const read = files.length === 0 ? 'built-in defaults' : files.join(', ');
  context.out(`valid for device ${config.device.id}: ${read}\n`);
  return EXIT.ok;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
