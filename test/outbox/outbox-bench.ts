// What outbox tests share: a real outbox in a temporary folder, on a clock that a test moves.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Entry, Outbox, Request } from '../../src/domain.ts';
import type { OutboxBounds } from '../../src/outbox/bounds.ts';
import { REASON_SUFFIX } from '../../src/outbox/held.ts';
import { openOutbox, type OpenOutboxOutcome } from '../../src/outbox/open-outbox.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createRunProcess } from '../../src/support/run-process.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog, type RecordingLog } from '../helpers/recording-log.ts';
import { sampleNumber } from '../helpers/sample-request.ts';

export const BOUNDS: OutboxBounds = {
  maxEntries: 1000,
  maxBytes: -1,
  maxAgeSeconds: 0,
  minFreeBytes: 0,
  whenFull: 'dropNewest',
};

export interface OutboxBench {
  readonly directory: string;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  /** What the outbox is told about the wall clock. */
  synchronised: boolean;
  /** Opens and expects success; `end` closes what is still open. */
  open(bounds?: Partial<OutboxBounds>): Promise<Outbox>;
  tryOpen(bounds?: Partial<OutboxBounds>): Promise<OpenOutboxOutcome>;
  /** Names in the outbox folder beside its lock and its quarantine. */
  names(): readonly string[];
  /** Without the files that hold the reasons. */
  quarantined(): readonly string[];
  end(): Promise<void>;
}

export function createOutboxBench(): OutboxBench {
  const root = mkdtempSync(join(tmpdir(), 'shutterd-outbox-'));
  const directory = join(root, 'outbox');
  const clock = createFakeClock();
  const log = createRecordingLog();
  const opened: Outbox[] = [];
  const run = createRunProcess({
    clock: createSystemClock(),
    kill: (pid, signal) => process.kill(pid, signal),
  });
  const bench: OutboxBench = {
    ...{ directory, clock, log, synchronised: true },
    async open(bounds) {
      const outcome = await bench.tryOpen(bounds);
      assert.equal(outcome.kind, 'open');
      return outcome.outbox;
    },
    async tryOpen(bounds = {}) {
      const outcome = await openOutbox({
        ...{ directory, clock, log, run, searchPath: '/usr/bin:/bin' },
        clockSynchronised: () => bench.synchronised,
        bounds: { ...BOUNDS, ...bounds },
      });
      if (outcome.kind === 'open') opened.push(outcome.outbox);
      return outcome;
    },
    names: () => readdirSync(directory).filter((name) => name !== '.lock' && name !== 'quarantine'),
    quarantined: () =>
      readdirSync(join(directory, 'quarantine')).filter((name) => !name.endsWith(REASON_SUFFIX)),
    async end() {
      for (const outbox of opened) await outbox.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
  return bench;
}

export const ONLINE = { online: true };
export const OFFLINE = { online: false };

/** Adds and expects success. */
export async function store(outbox: Outbox, request: Request): Promise<Entry> {
  const outcome = await outbox.add(request, ONLINE);
  assert.equal(outcome.kind, 'stored');
  return outcome.entry;
}

/** Removes every entry, oldest first; the numbers of their sample requests. Damaged ones go to quarantine. */
export async function takeAll(outbox: Outbox): Promise<readonly number[]> {
  const numbers: number[] = [];
  for (let entry = outbox.oldest(); entry !== undefined; entry = outbox.oldest()) {
    const read = await outbox.read(entry);
    if (read.kind === 'request') {
      numbers.push(sampleNumber(read.request));
      await outbox.remove(entry);
    } else {
      assert.equal(read.kind, 'damaged');
      await outbox.quarantine(entry, read.detail);
    }
  }
  return numbers;
}
