// Turns the arguments of one command into flags and operands, or into a message that names the nearest right flag.
import { parseArgs } from 'node:util';
import { nearestName } from '../config/nearest-name.ts';

export interface Flag {
  /** `text` takes a value. */
  readonly kind: 'text' | 'switch';
  readonly short?: string;
  readonly repeats?: boolean;
  readonly doc: string;
  /** How the value is written in the help text. */
  readonly value?: string;
}

export type Flags = Readonly<Record<string, Flag>>;

export interface Arguments {
  readonly operands: readonly string[];
  /** The last value, or `undefined`. */
  text(name: string): string | undefined;
  /** All values of a flag that repeats. */
  texts(name: string): readonly string[];
  isSet(name: string): boolean;
}

export type ParsedArguments =
  | { readonly kind: 'parsed'; readonly args: Arguments }
  | { readonly kind: 'wrong'; readonly message: string };

export function parseArguments(argv: readonly string[], flags: Flags): ParsedArguments {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { kind, short }]) => [
      name,
      {
        type: kind === 'text' ? ('string' as const) : ('boolean' as const),
        multiple: true,
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  const { values, positionals, tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const texts = (name: string): readonly string[] =>
    [values[name]].flat().filter((value) => typeof value === 'string');
  for (const token of tokens) {
    const wrong = token.kind === 'option' ? wrongUse(token, flags, texts(token.name).length) : undefined;
    if (wrong !== undefined) return { kind: 'wrong', message: wrong };
  }
  return {
    kind: 'parsed',
    args: {
      operands: positionals,
      texts,
      text: (name) => texts(name).at(-1),
      isSet: (name) => values[name] !== undefined,
    },
  };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function wrongUse(token: OptionToken, flags: Flags, times: number): string | undefined {
  const { name, rawName, value } = token;
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (flag === undefined) {
    const nearest = nearestName(name, Object.keys(flags));
    const hint = nearest === undefined ? 'see --help' : `the nearest flag is --${nearest}`;
    return `Cannot use ${rawName}: there is no such flag, ${hint}`;
  }
  if (flag.kind === 'switch') {
    return value === undefined ? undefined : `Cannot use ${rawName}=${value}: it takes no value`;
  }
  if (!hasValue(token)) {
    return `Cannot use ${rawName}: it has no value, it takes ${flag.value ?? 'one'}`;
  }
  return times > 1 && flag.repeats !== true
    ? `Cannot use ${rawName}: it is given ${times} times, once is allowed`
    : undefined;
}

/** `-o --json` has forgotten the value; `--output=--json` and `-o -` have not. */
function hasValue({ value, inlineValue }: OptionToken): boolean {
  if (value === undefined || value === '') return false;
  return inlineValue === true || !value.startsWith('--');
}
