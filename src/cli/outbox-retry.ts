// `shutterd outbox retry`: one request from quarantine back to the end of the outbox; it sends nothing itself.
import { nextSequence, type Tended } from '../outbox/tend-folder.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { intactRequest, lockOrTold, namedFile, openTended, outboxSettings } from './outbox-files.ts';
import type { Arguments } from './parse-arguments.ts';

export const outboxRetryCommand: Command = {
  name: 'outbox retry',
  summary: 'one request from quarantine back into the outbox, as its last; the daemon must not run',
  usage: 'ID',
  flags: {},
  operands: ['ID'],
  exits: {},
  examples: ['systemctl stop shutterd; shutterd outbox retry 3f2a; systemctl start shutterd'],
  run: retry,
};

async function retry(args: Arguments, context: Context): Promise<number> {
  const settings = await outboxSettings(args, context);
  if (settings === undefined) return EXIT.badConfiguration;
  const { directory } = settings;
  const id = args.operands[0] ?? '';
  if ((await namedFile({ act: 'retry', directory, id, place: 'quarantine' }, context)) === undefined) {
    return EXIT.failure;
  }
  const tended = await openTended(directory, context);
  const release = await lockOrTold({ tended, act: 'retry' }, context);
  if (release === undefined) return EXIT.failure;
  try {
    // Only now nobody else gives numbers or moves files: look again.
    const retried = await putBack(tended, id, context);
    if (retried === undefined) return EXIT.failure;
    context.out(args.isSet('json') ? `${JSON.stringify(retried)}\n` : readable(retried));
    return EXIT.ok;
  } finally {
    await release();
  }
}

interface Retried {
  readonly requestId: string;
  readonly sequence: number;
  /** In the outbox now, this one included. */
  readonly entries: number;
}

async function putBack(tended: Tended, id: string, context: Context): Promise<Retried | undefined> {
  const request = { act: 'retry', directory: tended.path, id, place: 'quarantine' } as const;
  const named = await namedFile(request, context);
  if (named === undefined) return undefined;
  const { file, listing } = named;
  const stored = await intactRequest({ ...request, file }, context);
  if (stored === undefined || file.entry === undefined) return undefined;
  const { requestId } = file.entry;
  if (listing.outbox.some(({ entry }) => entry?.requestId === requestId)) {
    context.err(`Cannot retry ${requestId}: it is in the outbox already, once is allowed\n`);
    return undefined;
  }
  const sequence = nextSequence(listing);
  await tended.putBack(file, stored, sequence);
  const waiting = listing.outbox.filter(({ entry }) => entry !== undefined);
  return { requestId, sequence, entries: waiting.length + 1 };
}

function readable({ requestId, entries }: Retried): string {
  return `${requestId} is in the outbox again, the last of ${entries}; systemctl start shutterd sends it\n`;
}
