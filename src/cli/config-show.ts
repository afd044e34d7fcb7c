// `shutterd config show`: the effective values and where each comes from, or the reference of all keys.
import { showConfig, showConfigJson, showReference, showReferenceJson } from '../config/show.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { configurationOrProblems } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';

export const configShowCommand: Command = {
  name: 'config show',
  summary: 'the effective values with their source, secrets masked',
  usage: '[--config PATH]... [--docs]',
  flags: { docs: { kind: 'switch', doc: 'every key with its default and description, as a Markdown table' } },
  operands: [],
  exits: {},
  examples: ['shutterd config show', 'shutterd config show --json', 'shutterd config show --docs'],
  run: showConfiguration,
};

async function showConfiguration(args: Arguments, context: Context): Promise<number> {
  if (args.isSet('docs')) {
    context.out(args.isSet('json') ? `${JSON.stringify(showReferenceJson(), null, 2)}\n` : showReference());
    return EXIT.ok;
  }
  const loaded = await configurationOrProblems(args, context);
  if (loaded === undefined) return EXIT.badConfiguration;
  for (const warning of loaded.warnings) context.err(`${warning}\n`);
  context.out(
    args.isSet('json') ? `${JSON.stringify(showConfigJson(loaded), null, 2)}\n` : showConfig(loaded),
  );
  return EXIT.ok;
}
