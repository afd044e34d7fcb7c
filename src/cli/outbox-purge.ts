// `shutterd outbox purge`: throws away what lies in quarantine, with --all the entries too; each accepted request is a recorded drop.
import { listOutbox, type KeptFile } from '../outbox/inspect-folder.ts';
import type { Tended } from '../outbox/tend-folder.ts';
import { createLog, type Log } from '../support/log.ts';
import { escapeInvisible } from '../support/visible-text.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { createProgress, lockOrTold, openTended, outboxSettings, type Listed } from './outbox-files.ts';
import type { Arguments } from './parse-arguments.ts';

export const outboxPurgeCommand: Command = {
  name: 'outbox purge',
  summary: 'throws away what lies in quarantine; with --all the entries that wait, too',
  usage: '[--all --yes]',
  flags: {
    all: { kind: 'switch', doc: 'entries as well; the daemon must not run' },
    yes: { kind: 'switch', doc: 'with --all: really; without it, it only tells what would go' },
  },
  operands: [],
  exits: {},
  examples: ['shutterd outbox purge', 'shutterd outbox purge --all --yes'],
  run: purge,
};

async function purge(args: Arguments, context: Context): Promise<number> {
  const settings = await outboxSettings(args, context);
  if (settings === undefined) return EXIT.badConfiguration;
  const { directory } = settings;
  const listing = await listOutbox(directory);
  if (listing.kind === 'absent') return told({ requests: 0, files: 0, left: [] }, args, context);
  const all = args.isSet('all');
  const { outbox, quarantine } = listing;
  if (all && !args.isSet('yes')) {
    context.err(
      `Cannot purge outbox ${directory}: ${outbox.length} entries and ${quarantine.length} quarantined files would go for good, --all --yes is needed\n`,
    );
    return EXIT.failure;
  }
  if (outbox.length + quarantine.length === 0)
    return told({ requests: 0, files: 0, left: [] }, args, context);
  const tended = await openTended(directory, context);
  // Quarantine alone is safe beside a daemon: it never reads a file from there.
  if (!all) return told(await removeAll(tended, quarantine, { args, context }), args, context);
  const release = await lockOrTold({ tended, act: 'purge entries' }, context);
  if (release === undefined) return EXIT.failure;
  try {
    const now = await listOutbox(tended.path);
    return told(await removeAll(tended, everything(now, listing), { args, context }), args, context);
  } finally {
    await release();
  }
}

interface Purged {
  /** Accepted requests, each a recorded drop. */
  readonly requests: number;
  /** What was none of ours. */
  readonly files: number;
  /** Folders somebody made by hand. */
  readonly left: readonly string[];
}

function everything(now: Awaited<ReturnType<typeof listOutbox>>, before: Listed): readonly KeptFile[] {
  const { outbox, quarantine } = now.kind === 'listed' ? now : before;
  return [...outbox, ...quarantine];
}

async function removeAll(
  tended: Tended,
  files: readonly KeptFile[],
  { args, context }: { args: Arguments; context: Context },
): Promise<Purged> {
  const log = dropLog(args, context);
  const progress = createProgress(context, 'purged', files.length);
  const left: string[] = [];
  let [requests, others] = [0, 0];
  for (const file of files) {
    if (context.stop.aborted) break;
    if (!(await tended.remove(file))) {
      left.push(file.name);
    } else if (file.entry === undefined) {
      others += 1;
    } else {
      requests += 1;
      const { requestId, bytes } = file.entry;
      log.warn('request.dropped', { requestId, bytes, reason: 'purged', accepted: true, from: file.place });
    }
    progress(requests + others + left.length);
  }
  // What comes back into quarantine after a power cut is never sent; an entry would be.
  if (requests > 0 && args.isSet('all')) await tended.flush();
  return { requests, files: others, left };
}

/** The same lines as the daemon's, so that whoever keeps its log can keep these with it. */
function dropLog(args: Arguments, { outIsTerminal, out }: Context): Log {
  const format = outIsTerminal && !args.isSet('json') ? 'pretty' : 'json';
  return createLog({ level: 'info', format, journald: false, write: out });
}

function told(purged: Purged, args: Arguments, context: Context): number {
  const { requests, files, left } = purged;
  if (args.isSet('json')) {
    context.out(`${JSON.stringify({ purged })}\n`);
  } else {
    context.out(
      requests + files === 0
        ? 'nothing to purge\n'
        : `purged ${requests} requests and ${files} other files\n`,
    );
    for (const name of left) context.err(`left alone: ${escapeInvisible(name)} is a folder\n`);
  }
  return context.stop.aborted ? EXIT.failure : EXIT.ok;
}
