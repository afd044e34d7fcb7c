// Opens the outbox in the folder it is given, fills it or delivers from it, and prints what happened.
import { openOutbox } from '../../src/outbox/open-outbox.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createRunProcess } from '../../src/support/run-process.ts';
import { createRecordingLog } from '../helpers/recording-log.ts';
import { sampleNumber, sampleRequest } from '../helpers/sample-request.ts';
import { BOUNDS, ONLINE } from '../outbox/outbox-bench.ts';

const [, , directory = '', task] = process.argv;
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const clock = createSystemClock();
const recording = createRecordingLog();
const opened = await openOutbox({
  ...{ directory, clock, clockSynchronised: () => true, bounds: BOUNDS, searchPath: '/usr/bin:/bin' },
  log: {
    ...recording,
    error(event, fields) {
      if (event === 'storage.failing') say(`failing ${String(fields?.['code'])}`);
    },
  },
  run: createRunProcess({ clock, kill: (pid, signal) => process.kill(pid, signal) }),
});
if (opened.kind !== 'open') throw new Error(JSON.stringify(opened));
const { outbox } = opened;

async function add(number: number): Promise<void> {
  const outcome = await outbox.add(sampleRequest(number), ONLINE);
  say(`${outcome.kind} ${outcome.kind === 'failed' ? outcome.code : number}`);
}

async function deliver(): Promise<void> {
  const entry = outbox.oldest();
  const read = entry && (await outbox.read(entry));
  if (entry === undefined || read?.kind !== 'request') throw new Error(JSON.stringify(read));
  await outbox.remove(entry);
  say(`delivered ${sampleNumber(read.request)}`);
}

if (task === 'fill') {
  await add(1);
  await add(2);
} else {
  await deliver();
  await add(3);
  await deliver();
  say(`left ${outbox.counts().entries}`);
}
await outbox.close();
