// `shutterd config schema`: the JSON Schema of the configuration files; it reads none of them.
import { jsonSchema } from '../config/json-schema.ts';
import { EXIT, type Command, type Context } from './command.ts';
import type { Arguments } from './parse-arguments.ts';

export const configSchemaCommand: Command = {
  name: 'config schema',
  summary: 'JSON Schema of the configuration files, for editors',
  usage: '',
  flags: {},
  operands: [],
  exits: {},
  examples: ['shutterd config schema > shutterd.schema.json'],
  run: printSchema,
};

function printSchema(_args: Arguments, context: Context): Promise<number> {
  context.out(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
  return Promise.resolve(EXIT.ok);
}
