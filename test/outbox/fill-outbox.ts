// Fills an outbox until the disk is full, makes room again and goes on; prints what happened as JSON. It mounts nothing.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadOutbox } from '../../src/outbox/outbox.ts';
import { openQuarantine } from '../../src/outbox/quarantine.ts';
import { openDurableFolder } from '../../src/support/durable-file.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog } from '../helpers/recording-log.ts';
import { sampleRequest } from '../helpers/sample-request.ts';
import { BOUNDS, ONLINE } from './outbox-bench.ts';

const ENTRY_BYTES = 40_000;
const directory = process.argv[2] ?? '';
const log = createRecordingLog();
const folder = await openDurableFolder(directory);
const outbox = await loadOutbox({
  folder,
  quarantine: await openQuarantine(
    await openDurableFolder(join(directory, 'quarantine')),
    { maxFiles: 100, maxBytes: -1 },
    log,
  ),
  bounds: BOUNDS,
  clock: createFakeClock(),
  clockSynchronised: () => true,
  freeBytes: () => Promise.resolve(Number.MAX_SAFE_INTEGER), // so that the disk itself has to say no
  log,
  release: () => Promise.resolve(),
});

let stored = 0;
let full = await outbox.add(sampleRequest(1, ENTRY_BYTES), ONLINE);
while (full.kind === 'stored' && stored < 100) {
  stored += 1;
  full = await outbox.add(sampleRequest(stored + 1, ENTRY_BYTES), ONLINE);
}
const namesWhenFull = readdirSync(directory).filter((name) => name !== 'quarantine');
const countsWhenFull = outbox.counts();
const oldest = outbox.oldest();
if (oldest !== undefined) await outbox.remove(oldest);
const afterRoom = await outbox.add(sampleRequest(99, ENTRY_BYTES), ONLINE);
process.stdout.write(
  JSON.stringify({ stored, full, namesWhenFull, countsWhenFull, afterRoom: afterRoom.kind }),
);
