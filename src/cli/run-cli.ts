// From the arguments to one command and its exit code; it knows no command by name.
import { nearestName } from '../config/nearest-name.ts';
import { OperatingError } from '../support/errors.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { GLOBAL_FLAGS } from './global-flags.ts';
import { commandHelp, programHelp } from './help.ts';
import { parseArguments, type Arguments } from './parse-arguments.ts';

export async function runCli(
  argv: readonly string[],
  commands: readonly Command[],
  context: Context,
): Promise<number> {
  if (argv.includes('--version')) {
    context.out(`${context.version}\n`);
    return EXIT.ok;
  }
  const found = findCommand(argv, commands);
  if (found.kind === 'none') {
    context.out(programHelp(commands, context.version));
    return found.asked ? EXIT.ok : EXIT.usage;
  }
  if (found.kind === 'wrong') return wrongUsage(context, found.message, 'shutterd --help');
  const { command, rest } = found;
  const parsed = parseArguments(rest, { ...command.flags, ...GLOBAL_FLAGS });
  if (parsed.kind === 'wrong') return wrongUsage(context, parsed.message, `shutterd ${command.name} --help`);
  if (parsed.args.isSet('help')) {
    context.out(commandHelp(command));
    return EXIT.ok;
  }
  const wrong = wrongOperands(command, parsed.args);
  if (wrong !== undefined) return wrongUsage(context, wrong, `shutterd ${command.name} --help`);
  try {
    return await command.run(parsed.args, context);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    context.err(`${error.message}\n`);
    return EXIT.failure;
  }
}

type Found =
  | { readonly kind: 'found'; readonly command: Command; readonly rest: readonly string[] }
  | { readonly kind: 'none'; readonly asked: boolean }
  | { readonly kind: 'wrong'; readonly message: string };

/** The command's words are the first ones that are neither a global flag nor its value. */
function findCommand(argv: readonly string[], commands: readonly Command[]): Found {
  const at: number[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--') break;
    if (!word.startsWith('-')) at.push(index);
    else if (GLOBAL_FLAGS[word.slice(2)]?.kind === 'text') index += 1; // the next word is its value
  }
  const words = at.map((index) => argv[index] ?? '');
  const [first] = words;
  if (first === undefined)
    return { kind: 'none', asked: argv.some((word) => word === '--help' || word === '-h') };
  const command = commands.find(({ name }) => name === words.slice(0, name.split(' ').length).join(' '));
  if (command === undefined) return { kind: 'wrong', message: unknownCommand(words, commands) };
  const used = at.slice(0, command.name.split(' ').length);
  return { kind: 'found', command, rest: argv.filter((_, index) => !used.includes(index)) };
}

function unknownCommand(words: readonly string[], commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name);
  const group = names.filter((name) => name.startsWith(`${words[0] ?? ''} `));
  if (group.length > 0) return `Cannot run ${words.slice(0, 2).join(' ')}: allowed is ${group.join(', ')}`;
  const nearest = nearestName(words[0] ?? '', names);
  const hint = nearest === undefined ? `allowed is ${names.join(', ')}` : `the nearest command is ${nearest}`;
  return `Cannot run ${words[0] ?? ''}: there is no such command, ${hint}`;
}

function wrongOperands({ name, operands, moreOperands }: Command, args: Arguments): string | undefined {
  const { length } = args.operands;
  if (length === operands.length || (length > operands.length && moreOperands !== undefined))
    return undefined;
  const names = [...operands, ...(moreOperands === undefined ? [] : [`[${moreOperands}]...`])];
  const wanted = names.length === 0 ? 'none' : names.join(' ');
  return `Cannot run ${name}: it is given ${length} arguments, allowed is ${wanted}`;
}

function wrongUsage(context: Context, message: string, help: string): number {
  context.err(`${message}\nSee ${help}\n`);
  return EXIT.usage;
}
