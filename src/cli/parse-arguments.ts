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
        ...(short ? { short } : {}),
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
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const wrong = wrongUse(token, flags, values[token.name]);
    if (wrong !== undefined) return { kind: 'wrong', message: wrong };
  }
  const texts = (name: string): string[] =>
    (values[name] ?? []).toString() === ''
      ? []
      : [values[name]].flat().filter((value) => typeof value === 'string');
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

function wrongUse(
  token: { readonly name: string; readonly rawName: string; readonly value?: string | undefined },
  flags: Flags,
  value: unknown,
): string | undefined {
  const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
  if (flag === undefined) {
    const nearest = nearestName(token.name, Object.keys(flags));
    const hint = nearest === undefined ? 'see --help' : `the nearest flag is --${nearest}`;
    return `Cannot use ${token.rawName}: there is no such flag, ${hint}`;
  }
  if (flag.kind === 'text' && (token.value === undefined || token.value === '')) {
    return `Cannot use ${token.rawName}: it has no value, it takes ${flag.value ?? 'one'}`;
  }
  if (flag.kind === 'switch' && token.value !== undefined) {
    return `Cannot use ${token.rawName}=${token.value}: it takes no value`;
  }
  const given = Array.isArray(value) ? value.length : 0;
  return given > 1 && flag.repeats !== true && flag.kind === 'text'
    ? `Cannot use ${token.rawName}: it is given ${given} times, once is allowed`
    : undefined;
}
