// A process that fits frames and prints how long the main thread worked in one turn at most: `node fit-turns.js FITS FILE...`.
import { openSync, readSync } from 'node:fs';
import { readFrame } from './fit-frames.ts';
import { ours } from './fit-contest.ts';
import type { Turns } from './fit-main-thread.ts';

const BUDGET_BYTES = 95_000;

const [fits = '1', ...files] = process.argv.slice(2);
const schedule = openSync(`/proc/self/task/${String(process.pid)}/schedstat`, 'r');
const text = Buffer.alloc(64);
const cell = new Int32Array(new SharedArrayBuffer(4));

const longestMs: number[] = [];
for (const file of files) {
  const frame = await readFrame(file);
  for (let time = 0; time < Number(fits); time += 1) {
    const fit = ours();
    longestMs.push(await longestTurn(() => fit(frame, BUDGET_BYTES)));
    longestMs.push(await longestTurn(() => fit(frame, BUDGET_BYTES)));
  }
}
process.stdout.write(`${JSON.stringify({ longestMs } satisfies Turns)}\n`);

/** A turn is what lies between two looks from the check phase of the event loop; none waits meanwhile. */
async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let over = false;
  let before = onCpuMs();
  const look = (): void => {
    const now = onCpuMs();
    longest = Math.max(longest, now - before);
    before = now;
    if (!over) setImmediate(look);
  };
  setImmediate(look);
  await work();
  over = true;
  const now = onCpuMs();
  return Math.max(longest, now - before);
}

/**
 * What this thread has had of a processor: proc(5), schedstat, first field, in nanoseconds. The kernel brings it up to date
 * when a thread leaves the processor, so this one does so for a moment.
 */
function onCpuMs(): number {
  Atomics.wait(cell, 0, 0, 0.001);
  const length = readSync(schedule, text, 0, text.length, 0);
  return Number(text.toString('latin1', 0, length).split(' ')[0]) / 1e6;
}
