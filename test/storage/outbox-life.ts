// A short life of the outbox in a process of its own, which strace kills or breaks: store, drop, deliver, set aside.
// It prints one line as each thing happens, so that what it promised is known wherever it ended.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { openDurableFolder } from '../../src/support/durable-file.ts';
import { errorCode } from '../../src/support/errors.ts';
import { freeBytes } from '../../src/support/files.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import type { Entry, Outbox } from '../../src/domain.ts';
import { entryFileName } from '../../src/outbox/entry-file.ts';
import { loadOutbox } from '../../src/outbox/outbox.ts';
import { openQuarantine } from '../../src/outbox/quarantine.ts';
import { createRecordingLog } from '../helpers/recording-log.ts';
import { sampleNumber, sampleRequest } from '../helpers/sample-request.ts';
import { BOUNDS, ONLINE } from '../outbox/outbox-bench.ts';
import {
  DAMAGED_NUMBER,
  LIFE_BOUNDS,
  LIFE_PAYLOAD_BYTES,
  QUARANTINE_FILES_MAX,
  type LifePlan,
} from './life-plan.ts';

const directory = process.argv[2] ?? '';
const ledger = openSync(process.argv[3] ?? '', 'a', 0o600);
const plan = process.argv[4] as LifePlan;

function say(what: string, subject: string | number | undefined = ''): void {
  writeSync(1, `${what} ${String(subject)}\n`);
}

const recording = createRecordingLog();
const log: typeof recording = {
  ...recording,
  warn(event, fields) {
    const [, what] = /^request\.(dropped|quarantined)$/.exec(event) ?? [];
    if (what !== undefined) say(what, sampleNumber({ requestId: String(fields?.['requestId']) }));
    recording.warn(event, fields);
  },
  error(event, fields) {
    if (event === 'storage.failing') say('failing', String(fields?.['code']));
    recording.error(event, fields);
  },
};
async function open(): Promise<Outbox> {
  const folder = await openDurableFolder(directory);
  const aside = await openDurableFolder(join(directory, 'quarantine'));
  return loadOutbox({
    ...{ folder, clock: createSystemClock(), clockSynchronised: () => true, log },
    quarantine: await openQuarantine(aside, { maxFiles: QUARANTINE_FILES_MAX[plan], maxBytes: -1 }, log),
    bounds: { ...BOUNDS, ...LIFE_BOUNDS },
    freeBytes: () => freeBytes(directory),
    release: () => Promise.resolve(),
  });
}

/** As openOutbox() does: what cannot be opened is an answer. */
async function openOrEnd(): Promise<Outbox> {
  try {
    return await open();
  } catch (error) {
    say('unopened', errorCode(error));
    process.exit();
  }
}

async function store(number: number): Promise<Entry | undefined> {
  const outcome = await outbox.add(sampleRequest(number, LIFE_PAYLOAD_BYTES), ONLINE);
  say(outcome.kind, number);
  return outcome.kind === 'stored' ? outcome.entry : undefined;
}

/** The far side: it has the request on its disk before it acknowledges. */
async function deliverOldest(): Promise<void> {
  const entry = outbox.oldest();
  if (entry === undefined) return;
  const read = await outbox.read(entry);
  if (read.kind === 'request') {
    writeSync(ledger, `${sampleNumber(read.request)}\n`);
    fsyncSync(ledger);
    await outbox.remove(entry);
  } else if (read.kind === 'damaged') {
    await outbox.quarantine(entry, read.detail);
  } else {
    outbox.release(entry);
  }
}

/** The far side refuses it again and again. */
async function refuseOldest(): Promise<void> {
  const entry = outbox.oldest();
  if (entry === undefined) return;
  await outbox.quarantine(entry, 'refused');
  say('aside', sampleNumber(entry));
}

/** Where the fault under test meets this very call, the entry stays whole. */
async function damage(entry: Entry): Promise<void> {
  try {
    await truncate(join(directory, entryFileName(entry)), 40);
  } catch (error) {
    say('undamaged', errorCode(error));
  }
}

const outbox = await openOrEnd();
say('started');
await store(1);
await store(2);
const third = await store(DAMAGED_NUMBER); // over the bound: 1 is dropped
await deliverOldest();
if (third !== undefined && plan === 'damaging') await damage(third);
if (plan === 'refusing') await refuseOldest();
await store(4);
const next = plan === 'refusing' ? refuseOldest : deliverOldest; // over the bound of the quarantine: 3 is dropped
await next();
if (plan !== 'refusing') await deliverOldest();
await store(5);
await outbox.close();
closeSync(ledger);
say('ended');
