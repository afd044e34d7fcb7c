// A process that fits frames many times and prints how its memory grew: `node --expose-gc fit-many.js FITS FILE...`.
import { readFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { ours } from './fit-contest.ts';
import { readFrame } from './fit-frames.ts';
import type { Memory } from './fit-memory.ts';

const BUDGET_BYTES = 95_000;
// Until then pools fill and code is compiled.
const SETTLING_FITS = 300;

const [fits = '1', ...files] = process.argv.slice(2);
const frames = await Promise.all(files.map(readFrame));
const fit = ours();

const rest = await resident();
if (Number(fits) > 1) await fitMany(SETTLING_FITS);
const settled = await resident();
await fitMany(Number(fits));
const memory: Memory = { growth: (await resident()) - settled, peak: (await statusOf('VmHWM')) - rest };
process.stdout.write(`${JSON.stringify(memory)}\n`);

async function fitMany(times: number): Promise<void> {
  for (let at = 0; at < times; at += 1) {
    const frame = frames[at % frames.length];
    if (frame !== undefined) await fit(frame, BUDGET_BYTES);
    if (at % 200 === 199) process.stdout.write(`${String(at + 1)} fits\n`);
  }
}

/** After garbage was collected, twice, with a turn of the loop for what is freed by callbacks. */
async function resident(): Promise<number> {
  for (let time = 0; time < 2; time += 1) {
    globalThis.gc?.();
    await turn();
  }
  return statusOf('VmRSS');
}

/** proc(5): `VmRSS:   61440 kB`, where kB is 1024 bytes. */
async function statusOf(field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8');
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`Cannot read memory: no ${field}, Linux is needed`);
  return (Number(kibibytes) * 1024) / 1e6;
}
