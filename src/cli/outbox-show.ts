// `shutterd outbox show`: everything about one stored request but its picture; it changes nothing and takes no lock.
import { inspectFile, keptPath, quarantineReason, type KeptFile } from '../outbox/inspect-folder.ts';
import { payloadParts } from '../outbox/inspect-payload.ts';
import type { StoredRequest } from '../outbox/entry-file.ts';
import { createJpegCodec } from '../support/jpeg.ts';
import { escapeInvisible } from '../support/visible-text.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { columns } from './help.ts';
import { ageOf, conditionOf, namedFile, outboxSettings } from './outbox-files.ts';
import type { Arguments } from './parse-arguments.ts';

export const outboxShowCommand: Command = {
  name: 'outbox show',
  summary: 'all about one entry or quarantined file, without its picture',
  usage: 'ID',
  flags: {},
  operands: ['ID'],
  exits: {},
  examples: ['shutterd outbox show 3f2a', 'shutterd outbox show 3f2a --json'],
  run: show,
};

async function show(args: Arguments, context: Context): Promise<number> {
  const settings = await outboxSettings(args, context);
  if (settings === undefined) return EXIT.badConfiguration;
  const { directory } = settings;
  const named = await namedFile({ act: 'show', directory, id: args.operands[0] ?? '' }, context);
  if (named === undefined) return EXIT.failure;
  const { file } = named;
  const found = await inspectFile(directory, file);
  const reason = await quarantineReason(directory, file);
  const facts = {
    file: keptPath(directory, file),
    place: file.place,
    state: conditionOf(found, file),
    ...(reason === undefined ? {} : { reason }),
    ...file.entry,
    ...(found.kind === 'intact' ? await requestFacts(found.stored, context) : {}),
  };
  context.out(args.isSet('json') ? `${JSON.stringify(facts)}\n` : readable(facts, file));
  return EXIT.ok;
}

async function requestFacts(stored: StoredRequest, context: Context): Promise<Record<string, unknown>> {
  const { request, storedAt, storedAtSynchronised } = stored;
  const { payload, contentType, capturedAt } = request;
  const { format, metadata, jpeg } = payloadParts(payload);
  return {
    ...{ capturedAt, storedAt, storedAtSynchronised, age: ageOf(stored, context.clock.now()) },
    ...{ contentType, format, image: jpeg === undefined ? 'none' : await imageFacts(jpeg), metadata },
  };
}

async function imageFacts(jpeg: Uint8Array): Promise<Record<string, unknown>> {
  const inspected = await createJpegCodec().inspect(jpeg);
  return inspected.kind === 'decoded'
    ? { bytes: jpeg.length, width: inspected.widthPx, height: inspected.heightPx }
    : { bytes: jpeg.length, undecodable: inspected.detail };
}

function readable(facts: Readonly<Record<string, unknown>>, { place }: KeptFile): string {
  const missing = place === 'quarantine' && !('reason' in facts) ? { reason: 'not recorded' } : {};
  return `${columns(rowsOf('', { ...facts, ...missing })).join('\n')}\n`;
}

/** One row a fact, those of an inner object with its name in front. */
function rowsOf(prefix: string, facts: object): string[][] {
  return Object.entries(facts).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null
      ? rowsOf(`${prefix}${name}.`, value)
      : [[`${prefix}${name}`, escapeInvisible(typeof value === 'string' ? value : JSON.stringify(value))]],
  );
}
