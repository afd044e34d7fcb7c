// What the outbox commands share: the folder of the configuration, the file an ID means, and words for times.
import type { Config } from '../config/schema.ts';
import {
  findKept,
  inspectFile,
  listOutbox,
  type Inspected,
  type KeptFile,
  type OutboxListing,
  type Place,
} from '../outbox/inspect-folder.ts';
import type { StoredRequest } from '../outbox/entry-file.ts';
import { tendOutbox, type Tended } from '../outbox/tend-folder.ts';
import { searchPath } from '../support/machine.ts';
import { createRunProcess } from '../support/run-process.ts';
import { escapeInvisible } from '../support/visible-text.ts';
import type { Context } from './command.ts';
import { configurationOrProblems } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';

export type Listed = OutboxListing & { readonly kind: 'listed' };

/** The configuration's `outbox` section, or `undefined` after its problems went to standard error. */
export async function outboxSettings(
  args: Arguments,
  context: Context,
): Promise<Config['outbox'] | undefined> {
  return (await configurationOrProblems(args, context))?.config.outbox;
}

/** The one file that the operand names, or `undefined` after standard error was told why there is none. */
export async function namedFile(
  request: { readonly act: string; readonly directory: string; readonly id: string; readonly place?: Place },
  context: Context,
): Promise<{ readonly file: KeptFile; readonly listing: Listed } | undefined> {
  const { act, directory, id, place } = request;
  const listing = await listOutbox(directory);
  const cannot = `Cannot ${act} ${escapeInvisible(id)}:`;
  if (listing.kind === 'absent') {
    context.err(`${cannot} no outbox here yet, ${directory} does not exist\n`);
    return undefined;
  }
  const files = [...listing.outbox, ...listing.quarantine];
  const found = findKept(
    files.filter((file) => place === undefined || file.place === place),
    id,
  );
  if (found.kind === 'found') return { file: found.file, listing };
  if (found.kind === 'several') {
    const names = found.files.slice(0, NAMES_MAX).map(({ name }) => `\n  ${escapeInvisible(name)}`);
    context.err(`${cannot} ${found.files.length} files match, a longer ID or one file's name is needed:`);
    context.err(`${names.join('')}\n`);
    return undefined;
  }
  context.err(`${cannot} ${whereNot(place)} begins so, shutterd outbox list shows what is there\n`);
  return undefined;
}

/** The request in a file, or `undefined` after standard error was told why there is none. */
export async function intactRequest(
  { act, directory, file }: { act: string; directory: string; file: KeptFile },
  context: Context,
): Promise<StoredRequest | undefined> {
  const found = await inspectFile(directory, file);
  if (found.kind === 'intact') return found.stored;
  const name = file.entry?.requestId ?? escapeInvisible(file.name);
  context.err(`Cannot ${act} ${name}: ${conditionOf(found, file)}, an intact entry is needed\n`);
  return undefined;
}

export async function openTended(directory: string, context: Context): Promise<Tended> {
  const { clock, machine } = context;
  const run = createRunProcess({ clock, kill: machine.kill });
  return tendOutbox({ directory, run, searchPath: searchPath(machine) });
}

/** The daemon's lock for one order; `undefined` after standard error was told who holds it. */
export async function lockOrTold(
  { tended, act }: { tended: Tended; act: string },
  context: Context,
): Promise<(() => Promise<void>) | undefined> {
  const lock = await tended.lock();
  if (lock.kind === 'held') return lock.release;
  context.err(
    `Cannot ${act}: a running shutterd holds outbox ${tended.path}, stop it first (systemctl stop shutterd)\n`,
  );
  return undefined;
}

/** What a file is, in a few words. */
export function conditionOf(found: Inspected, { place }: KeptFile): string {
  switch (found.kind) {
    case 'intact':
      return place === 'outbox' ? 'waiting' : 'intact';
    case 'damaged':
      return `damaged: ${found.detail}`;
    case 'foreign':
      return 'not an entry of this program';
    case 'gone':
      return 'gone meanwhile';
    case 'failed':
      return `unreadable: ${found.code}`;
  }
}

/** How long ago, in the largest unit that has passed; `?` where the clock was not set when it was stored. */
export function ageOf(stored: StoredRequest, now: Date): string {
  const seconds = Math.round((now.getTime() - Date.parse(stored.storedAt)) / 1000);
  if (!stored.storedAtSynchronised || !(seconds >= 0)) return '?';
  const [size, name] = AGE_UNITS.find(([unit]) => seconds >= unit) ?? [1, 's'];
  return `${Math.floor(seconds / size)} ${name}`;
}

/** Tells standard error, every few seconds, how far a long round through the files is. */
export function createProgress(context: Context, act: string, total: number): (done: number) => void {
  let toldMs = context.clock.monotonicMs();
  return (done) => {
    const nowMs = context.clock.monotonicMs();
    if (nowMs - toldMs < PROGRESS_MS) return;
    toldMs = nowMs;
    context.err(`${act} ${done} of ${total}\n`);
  };
}

const NAMES_MAX = 10;
const PROGRESS_MS = 2000;
const AGE_UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
];

function whereNot(place: Place | undefined): string {
  return place === undefined ? 'no entry and nothing in quarantine' : `nothing in ${place}`;
}
