// `shutterd outbox list`: what waits in the outbox and what lies in quarantine; it changes nothing and takes no lock.
import {
  inspectFile,
  listOutbox,
  quarantineReason,
  type Inspected,
  type KeptFile,
} from '../outbox/inspect-folder.ts';
import { escapeInvisible } from '../support/visible-text.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { columns } from './help.ts';
import { ageOf, conditionOf, createProgress, outboxSettings } from './outbox-files.ts';
import type { Arguments } from './parse-arguments.ts';

export const outboxListCommand: Command = {
  name: 'outbox list',
  summary: 'what waits in the outbox, and what lies in quarantine',
  usage: '[--limit N] [--names]',
  flags: {
    limit: { kind: 'text', value: 'N', doc: 'the oldest N of each (default 50); 0 is all' },
    names: { kind: 'switch', doc: 'opens no file: no times and no check, but all of 100000 in a moment' },
  },
  operands: [],
  exits: {},
  examples: ['shutterd outbox list', 'shutterd outbox list --names --limit 0 --json'],
  run: list,
};

const LIMIT = 50;

async function list(args: Arguments, context: Context): Promise<number> {
  const text = args.text('limit') ?? String(LIMIT);
  if (!/^\d{1,9}$/.test(text)) {
    context.err(
      `Cannot list ${escapeInvisible(text)} files: allowed is a whole number from 0, and 0 is all\n`,
    );
    return EXIT.usage;
  }
  const settings = await outboxSettings(args, context);
  if (settings === undefined) return EXIT.badConfiguration;
  const { directory } = settings;
  const listing = await listOutbox(directory);
  const exists = listing.kind === 'listed';
  if (!exists && !args.isSet('json')) {
    context.out(`No outbox here yet: ${directory} does not exist\n`);
    return EXIT.ok;
  }
  const { outbox, quarantine } = exists ? listing : { outbox: [], quarantine: [] };
  const options = { directory, limit: Number(text) || Infinity, names: args.isSet('names') };
  const waiting = await look(outbox, options, context);
  const aside = await look(quarantine, options, context);
  if (context.stop.aborted) return EXIT.failure;
  context.out(
    args.isSet('json')
      ? `${JSON.stringify({ directory, exists, outbox: jsonOf(waiting), quarantine: jsonOf(aside) })}\n`
      : `${tableOf('outbox', waiting, context)}\n${tableOf('quarantine', aside, context)}`,
  );
  return EXIT.ok;
}

interface Row {
  readonly file: KeptFile;
  /** Absent where no file was to be opened. */
  readonly found?: Inspected;
  readonly reason?: string;
}

interface Looked {
  readonly count: number;
  readonly bytes: number;
  readonly rows: readonly Row[];
}

async function look(
  files: readonly KeptFile[],
  { directory, limit, names }: { directory: string; limit: number; names: boolean },
  context: Context,
): Promise<Looked> {
  const bytes = files.reduce((sum, { entry }) => sum + (entry?.bytes ?? 0), 0);
  const chosen = files.slice(0, limit);
  if (names) return { count: files.length, bytes, rows: chosen.map((file) => ({ file })) };
  const rows: Row[] = [];
  const progress = createProgress(context, 'read', chosen.length);
  for (const file of chosen) {
    if (context.stop.aborted) break;
    const found = await inspectFile(directory, file);
    const reason = await quarantineReason(directory, file);
    // What went while we looked was there when we began: it is shown as what it is now.
    rows.push({ file, found: withoutPayload(found), ...(reason === undefined ? {} : { reason }) });
    progress(rows.length);
  }
  return { count: files.length, bytes, rows };
}

/** A long list must not keep every picture in memory. */
function withoutPayload(found: Inspected): Inspected {
  if (found.kind !== 'intact') return found;
  const { stored } = found;
  return {
    kind: 'intact',
    stored: { ...stored, request: { ...stored.request, payload: new Uint8Array(0) } },
  };
}

function jsonOf({ count, bytes, rows }: Looked): object {
  return { count, bytes, files: rows.map(fileJson) };
}

function fileJson({ file, found, reason }: Row): object {
  const times =
    found?.kind === 'intact'
      ? {
          capturedAt: found.stored.request.capturedAt,
          storedAt: found.stored.storedAt,
          storedAtSynchronised: found.stored.storedAtSynchronised,
        }
      : {};
  return {
    file: file.name,
    ...file.entry,
    ...times,
    ...(found === undefined ? {} : { state: conditionOf(found, file) }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function tableOf(title: 'outbox' | 'quarantine', { count, bytes, rows }: Looked, context: Context): string {
  if (count === 0) return title === 'outbox' ? 'outbox: empty, nothing waits\n' : 'quarantine: empty\n';
  const noun = title === 'outbox' ? ['entry', 'entries'] : ['file', 'files'];
  const head = `${title}: ${count} ${noun[count === 1 ? 0 : 1] ?? ''}, ${bytes} bytes, oldest first`;
  const titles = ['ID', 'STORED AT', 'AGE', 'BYTES', 'STATE', ...(title === 'quarantine' ? ['REASON'] : [])];
  const lines = columns([titles, ...rows.map((row) => cells(row, title, context))]);
  const rest = count - rows.length;
  const more = rest === 0 ? [] : [`  and ${rest} more (--limit 0 shows all)`];
  return `${[head, ...lines, ...more].join('\n')}\n`;
}

function cells({ file, found, reason }: Row, title: 'outbox' | 'quarantine', context: Context): string[] {
  const stored = found?.kind === 'intact' ? found.stored : undefined;
  return [
    escapeInvisible(file.entry?.requestId ?? file.name),
    stored?.storedAt ?? '-',
    stored === undefined ? '-' : ageOf(stored, context.clock.now()),
    file.entry === undefined ? '-' : String(file.entry.bytes),
    found === undefined ? '-' : conditionOf(found, file),
    ...(title === 'quarantine' ? [escapeInvisible(reason ?? 'not recorded')] : []),
  ];
}
