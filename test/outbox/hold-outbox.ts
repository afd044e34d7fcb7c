// A process of its own that opens the outbox in the folder it is given, says how that went, and stays until it is killed.
import { openOutbox } from '../../src/outbox/open-outbox.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createRunProcess } from '../../src/support/run-process.ts';
import { createRecordingLog } from '../helpers/recording-log.ts';
import { sampleRequest } from '../helpers/sample-request.ts';
import { BOUNDS, ONLINE } from './outbox-bench.ts';

const clock = createSystemClock();
const outcome = await openOutbox({
  directory: process.argv[2] ?? '',
  clock,
  log: createRecordingLog(),
  clockSynchronised: () => true,
  bounds: BOUNDS,
  run: createRunProcess({ clock, kill: (pid, signal) => process.kill(pid, signal) }),
  searchPath: '/usr/bin:/bin',
});
if (outcome.kind === 'open') await outcome.outbox.add(sampleRequest(1), ONLINE);
process.stdout.write(`${outcome.kind}\n`);
setInterval(() => undefined, 60_000);
