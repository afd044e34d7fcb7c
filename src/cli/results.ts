// `shutterd results`: the last classifications as a table, from the history on disk or from the broker; it changes nothing.
import { historyFolder } from '../app/results.ts';
import { readHistory, type StoredEntry } from '../result/history-folder.ts';
import { sleep } from '../support/clock.ts';
import { escapeInvisible } from '../support/visible-text.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { configurationOrProblems } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';
import { liveResults } from './results-live.ts';
import { historyHeading, historyRow } from './results-table.ts';

export const resultsCommand: Command = {
  name: 'results',
  summary: 'the last classifications as a table; --follow and --live show new ones as they come',
  usage: '[--follow | --live] [--label LABEL] [--limit N]',
  flags: {
    follow: { kind: 'switch', doc: 'goes on with new ones, which reach the history within 10 s' },
    live: { kind: 'switch', doc: 'listens on the response topic itself, with or without a daemon here' },
    label: { kind: 'text', value: 'LABEL', doc: 'only this label, exactly' },
    limit: { kind: 'text', value: 'N', doc: 'the last N (default 20), 0 is all; --live ends after N' },
  },
  operands: [],
  exits: {},
  examples: [
    'shutterd results',
    'shutterd results --follow --label Chihuahua',
    'shutterd results --live --json',
  ],
  run: results,
};

const LIMIT = 20;
const FOLLOW_INTERVAL_MS = 1000;

async function results(args: Arguments, context: Context): Promise<number> {
  const limit = args.text('limit') ?? String(LIMIT);
  const wrong = wrongUse(args, limit);
  if (wrong !== undefined) {
    context.err(`${wrong}\n`);
    return EXIT.usage;
  }
  const loaded = await configurationOrProblems(args, context);
  if (loaded === undefined) return EXIT.badConfiguration;
  if (args.isSet('live')) return liveResults(args, context, loaded.config);
  const folder = historyFolder(loaded.config);
  const print = printer(args, context);
  const shown = await show(folder, args, { limit: Number(limit) || Infinity, print });
  if (shown.damaged > 0) context.err(damagedNote(shown.damaged, folder));
  if (shown.count === 0 && !args.isSet('json')) context.err(emptyNote(folder, args, context));
  return args.isSet('follow') ? follow(folder, args, { context, print, after: shown.newest }) : EXIT.ok;
}

function wrongUse(args: Arguments, limit: string): string | undefined {
  if (!/^\d{1,6}$/.test(limit))
    return `Cannot show ${escapeInvisible(limit)} results: allowed is a whole number from 0, and 0 is all`;
  return args.isSet('live') && args.isSet('follow')
    ? 'Cannot use --live with --follow: the two have different sources, one of them is allowed'
    : undefined;
}

type Print = (stored: readonly StoredEntry[]) => void;

function printer(args: Arguments, context: Context): Print {
  let headed = args.isSet('json');
  return (stored) => {
    if (stored.length === 0) return;
    if (!headed) context.out(historyHeading());
    headed = true;
    for (const { entry } of stored)
      context.out(args.isSet('json') ? `${JSON.stringify(entry)}\n` : historyRow(entry));
  };
}

interface Shown {
  readonly count: number;
  readonly damaged: number;
  /** Position of the newest entry there was, whatever its label. */
  readonly newest: number;
}

async function show(
  folder: string,
  args: Arguments,
  { limit, print, after = -1 }: { limit: number; print: Print; after?: number },
): Promise<Shown> {
  const label = args.text('label');
  // With a label all are looked through, so that the last N are the last N of that label.
  const { entries, damaged } = await readHistory(folder, {
    limit: label === undefined ? limit : Infinity,
    after,
  });
  const wanted = label === undefined ? undefined : escapeInvisible(label);
  const chosen = entries
    .filter(({ entry }) => wanted === undefined || entry.label === wanted)
    .slice(limit === Infinity ? 0 : -limit);
  print(chosen);
  return { count: chosen.length, damaged, newest: entries.at(-1)?.position ?? after };
}

async function follow(
  folder: string,
  args: Arguments,
  from: { context: Context; print: Print; after: number },
): Promise<number> {
  const { context, print } = from;
  let { after } = from;
  while ((await sleep(context.clock, FOLLOW_INTERVAL_MS, context.stop)) === 'elapsed') {
    after = (await show(folder, args, { limit: Infinity, print, after })).newest;
  }
  return EXIT.ok;
}

function emptyNote(folder: string, args: Arguments, { machine }: Context): string {
  const label = args.text('label');
  const of = label === undefined ? '' : ` of ${escapeInvisible(label)}`;
  // A service and a user who is not root have different state directories.
  const elsewhere = machine.userId === 0 ? '' : '; for those of the service: sudo shutterd results';
  return `No results${of} yet in ${folder}${elsewhere}\n`;
}

function damagedNote(damaged: number, folder: string): string {
  return `Cannot read ${damaged} of the lines or files in ${folder}: they are damaged, the others are shown\n`;
}
