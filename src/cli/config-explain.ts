// `shutterd config explain KEY`: who set a key, where, and what that overrode; it changes nothing.
import { explainKey } from '../config/show.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { configurationOrProblems } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';

export const configExplainCommand: Command = {
  name: 'config explain',
  summary: 'which file and line set a key, and what that overrode',
  usage: 'KEY [--config PATH]...',
  flags: {},
  operands: ['KEY'],
  exits: {},
  examples: ['shutterd config explain mqtt.url', 'shutterd config explain camera.device --json'],
  run: explainConfiguration,
};

async function explainConfiguration(args: Arguments, context: Context): Promise<number> {
  const key = args.operands[0] ?? '';
  const loaded = await configurationOrProblems(args, context);
  if (loaded === undefined) return EXIT.badConfiguration;
  const explanation = explainKey(loaded, key);
  switch (explanation.kind) {
    case 'unknown': {
      const { nearest } = explanation;
      const allowed =
        nearest === undefined
          ? 'allowed is a key of "shutterd config show --docs"'
          : `the nearest is ${nearest}`;
      context.err(`Cannot explain ${JSON.stringify(key)}: there is no such key, ${allowed}\n`);
      return EXIT.usage;
    }
    case 'explained': {
      const { text, origins } = explanation;
      const { rollout } = loaded;
      const value = origins.at(-1)?.value;
      const said = { key, value, origins, ...(rollout === undefined ? {} : { rollout }) };
      context.out(args.isSet('json') ? `${JSON.stringify(said, null, 2)}\n` : text);
      return EXIT.ok;
    }
  }
}
