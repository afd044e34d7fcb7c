// What tests of a broken, stuck or slow disk share: an outbox whose folder does as the test says, on a clock it moves.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outbox } from '../../src/domain.ts';
import type { OutboxBounds } from '../../src/outbox/bounds.ts';
import { loadOutbox } from '../../src/outbox/outbox.ts';
import { openQuarantine } from '../../src/outbox/quarantine.ts';
import { openDurableFolder } from '../../src/support/durable-file.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog, type RecordingLog } from '../helpers/recording-log.ts';
import { createFaultyFolder, type FaultyFolder } from './faulty-folder.ts';
import { BOUNDS } from './outbox-bench.ts';

export interface FaultyBench {
  readonly outbox: Outbox;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  readonly folder: FaultyFolder;
  readonly aside: FaultyFolder;
  /** Again, as after a crash: the one before is not closed. */
  reopen(): Promise<Outbox>;
  /** Names in the quarantine, those of reasons among them. */
  quarantined(): readonly string[];
  end(): Promise<void>;
}

export async function createFaultyBench(
  bounds: Partial<OutboxBounds> = {},
  { quarantineFiles = 100 }: { readonly quarantineFiles?: number } = {},
): Promise<FaultyBench> {
  const root = mkdtempSync(join(tmpdir(), 'shutterd-faulty-'));
  const clock = createFakeClock();
  const log = createRecordingLog();
  const folder = createFaultyFolder(await openDurableFolder(root));
  const aside = createFaultyFolder(await openDurableFolder(join(root, 'quarantine')));
  const opened: Outbox[] = [];
  const reopen = async (): Promise<Outbox> => {
    const outbox = await loadOutbox({
      ...{ folder, clock, log, clockSynchronised: () => true, bounds: { ...BOUNDS, ...bounds } },
      quarantine: await openQuarantine(aside, { maxFiles: quarantineFiles, maxBytes: -1 }, log),
      freeBytes: () => Promise.resolve(Number.MAX_SAFE_INTEGER),
      release: () => Promise.resolve(),
    });
    opened.push(outbox);
    return outbox;
  };
  return {
    ...{ outbox: await reopen(), clock, log, folder, aside, reopen },
    quarantined: () => readdirSync(aside.path).sort(),
    async end() {
      folder.works();
      aside.works();
      for (const outbox of opened) await outbox.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
