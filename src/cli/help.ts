// The help texts; it prints nothing itself.
import type { Command } from './command.ts';
import { GLOBAL_FLAGS } from './global-flags.ts';
import type { Flag, Flags } from './parse-arguments.ts';

export function programHelp(commands: readonly Command[], version: string): string {
  return [
    `shutterd ${version}: a camera that answers MQTT`,
    '',
    'Usage: shutterd [--config PATH]... [--set KEY=VALUE]... COMMAND',
    '',
    'Commands:',
    ...columns(commands.map(({ name, summary }) => [name, summary])),
    '',
    'Flags of every command:',
    ...columns([...flagRows(GLOBAL_FLAGS), ['--version', 'shows the version']]),
    '',
    'shutterd COMMAND --help tells more about one.',
    '',
  ].join('\n');
}

export function commandHelp(command: Command): string {
  const { name, usage, summary, flags, exits, examples } = command;
  const exitRows = [
    ['0', 'all well'],
    ...Object.entries(exits),
    ['1', 'any other failure'],
    ['2', 'wrong usage or configuration'],
  ];
  return [
    `shutterd ${name}: ${summary}`,
    '',
    `Usage: shutterd ${[name, usage].filter((part) => part !== '').join(' ')}`,
    '',
    'Flags:',
    ...columns(flagRows({ ...flags, ...GLOBAL_FLAGS })),
    '',
    'Exit codes:',
    ...columns(exitRows.sort(([a = ''], [b = '']) => a.localeCompare(b))),
    '',
    ...(examples.length === 0 ? [] : ['Examples:', ...examples.map((example) => `  ${example}`), '']),
  ].join('\n');
}

function flagRows(flags: Flags): string[][] {
  return Object.entries(flags).map(([name, flag]) => [flagName(name, flag), flag.doc]);
}

function flagName(name: string, flag: Flag): string {
  const long = flag.kind === 'text' ? `--${name} ${flag.value ?? 'TEXT'}` : `--${name}`;
  return flag.short === undefined ? long : `-${flag.short}, ${long}`;
}

/** Rows of cells as lines with aligned columns. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (sofar, row) => row.map((cell, at) => Math.max(sofar[at] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd());
}
