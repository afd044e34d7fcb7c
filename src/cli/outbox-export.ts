// `shutterd outbox export`: the picture of one stored request, or its whole payload, into a file; the entry stays.
import type { Request } from '../domain.ts';
import { payloadParts } from '../outbox/inspect-payload.ts';
import { pathKind, writeFile } from '../support/files.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { intactRequest, namedFile, outboxSettings } from './outbox-files.ts';
import type { Arguments } from './parse-arguments.ts';

export const outboxExportCommand: Command = {
  name: 'outbox export',
  summary: 'the JPEG of one entry or quarantined file, into a file of yours',
  usage: 'ID -o FILE [--payload] [--force]',
  flags: {
    output: { kind: 'text', short: 'o', value: 'FILE', doc: 'where it goes; - is standard output' },
    payload: { kind: 'switch', doc: 'the payload as it is published, instead of the JPEG in it' },
    force: { kind: 'switch', doc: 'overwrites FILE' },
  },
  operands: ['ID'],
  exits: {},
  examples: [
    'shutterd outbox export 3f2a -o picture.jpg',
    'shutterd outbox export 3f2a --payload -o - | jq .captured_at',
  ],
  run: exportEntry,
};

async function exportEntry(args: Arguments, context: Context): Promise<number> {
  const output = args.text('output');
  const wrong = await wrongOutput(output, args, context);
  if (output === undefined || wrong !== undefined) {
    context.err(`${wrong ?? ''}\nSee shutterd outbox export --help\n`);
    return EXIT.usage;
  }
  const settings = await outboxSettings(args, context);
  if (settings === undefined) return EXIT.badConfiguration;
  const { directory } = settings;
  const named = await namedFile({ act: 'export', directory, id: args.operands[0] ?? '' }, context);
  if (named === undefined) return EXIT.failure;
  const stored = await intactRequest({ act: 'export', directory, file: named.file }, context);
  if (stored === undefined) return EXIT.failure;
  return save(stored.request, { args, output }, context);
}

async function save(
  { requestId, payload }: Request,
  { args, output }: { args: Arguments; output: string },
  context: Context,
): Promise<number> {
  const bytes = args.isSet('payload') ? payload : payloadParts(payload).jpeg;
  if (bytes === undefined) {
    context.err(`Cannot export ${requestId}: its payload holds no JPEG, --payload gives what it holds\n`);
    return EXIT.failure;
  }
  if (output === '-') {
    context.out(bytes);
    return EXIT.ok;
  }
  await writeFile(output, bytes);
  const report = { requestId, file: output, bytes: bytes.length };
  context.out(
    args.isSet('json') ? `${JSON.stringify(report)}\n` : `${output}: ${bytes.length} bytes of ${requestId}\n`,
  );
  return EXIT.ok;
}

async function wrongOutput(
  output: string | undefined,
  args: Arguments,
  context: Context,
): Promise<string | undefined> {
  if (output === undefined) return 'Cannot export: no file is named, -o FILE is needed';
  if (output === '-')
    return context.outIsTerminal && !args.isSet('payload')
      ? 'Cannot export to a terminal: a JPEG is no text, -o FILE or a pipe is needed'
      : undefined;
  const kind = await pathKind(output);
  if (kind === 'folder') return `Cannot export to ${output}: it is a folder, a file's name is needed`;
  return kind === 'file' && !args.isSet('force')
    ? `Cannot export to ${output}: the file exists, a new name or --force is needed`
    : undefined;
}
