// How close to the budget photographs come, in how many encodes and how much time; beside the ways that others take.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import type { Frame } from '../../src/domain.ts';
import { jpegBudgetBytes } from '../../src/fit/budget.ts';
import { overheadBytes } from '../../src/request/build-request.ts';
import { measureCoding } from './fit-coding.ts';
import { ours, SETTINGS } from './fit-contest.ts';
import { measureFitMemory } from './fit-memory.ts';
import { findPhotographs, photographed, type PhotographSet } from './fit-photographs.ts';
import { compare, newScores, rowsOf, type Scores } from './fit-scores.ts';
import { row, type Bench, type Row } from './rows.ts';

const SIZES = [
  { widthPx: 1920, heightPx: 1080 },
  { widthPx: 1280, heightPx: 720 },
];
const HUGE = { widthPx: 4000, heightPx: 3000 };
const MAX_PAYLOAD_BYTES = 128_000;
const TIMES = { quick: 1, full: 5 };
const LATER_SHOTS = { quick: 1, full: 3 };

export async function measureFit(bench: Bench): Promise<readonly Row[]> {
  bench.say('fit: fetching photographs');
  const sets = await findPhotographs(bench.scope);
  const rows: Row[] = [];
  const waits: number[] = [];
  for (const set of sets) {
    const { cold, warm, steps, binary } = await compared(set, { bench, waits });
    rows.push(
      ...rowsOf(`fit, first frame (${set.name})`, cold),
      ...rowsOf(`fit, same scene (${set.name})`, warm),
      ...rowsOf(`loop 90, 80, 70 (${set.name})`, steps),
      ...rowsOf(`binary search (${set.name})`, binary),
    );
  }
  const paths = sets[0]?.paths ?? [];
  return [
    ...rows,
    ...waitRows('fit 1080p and 720p', waits),
    ...waitRows('fit 12 megapixels', await waitsForHuge(bench, paths)),
    ...waitRows('nothing to do', await waitsForNothing(waits.length)),
    ...(await measureCoding(bench, paths)),
    ...(await measureFitMemory(bench, paths)),
  ];
}

async function compared(
  { name, paths }: PhotographSet,
  { bench, waits }: { bench: Bench; waits: number[] },
): Promise<Scores> {
  const { rounds, say } = bench;
  const scores = newScores();
  for (const size of SIZES) {
    for (const [seed, path] of paths.entries()) {
      const shots = 1 + LATER_SHOTS[rounds];
      const photograph = await photographed(path, { ...size, shots, seed });
      say(`fit (${name}): ${photograph.name}, ${String(size.widthPx)} x ${String(size.heightPx)}`);
      await compare(scores, photograph.frames, {
        ...{ budgetOf, times: TIMES[rounds] },
        watching: (way) => (frame, budgetBytes) => watched(waits, () => way(frame, budgetBytes)),
      });
    }
  }
  return scores;
}

async function waitsForHuge({ rounds }: Bench, [path = '']: readonly string[]): Promise<readonly number[]> {
  const waits: number[] = [];
  const { frames } = await photographed(path, { ...HUGE, shots: 1, seed: 0 });
  for (let time = 0; time < TIMES[rounds]; time += 1) {
    for (const frame of frames) await watched(waits, () => ours()(frame, budgetOf(frame)));
  }
  return waits;
}

/** What the machine itself keeps waiting, for as long as a fit takes. */
async function waitsForNothing(times: number): Promise<readonly number[]> {
  const waits: number[] = [];
  for (let time = 0; time < times; time += 1) await watched(waits, () => wait(FIT_MS));
  return waits;
}

const FIT_MS = 40;

function waitRows(name: string, waits: readonly number[]): readonly Row[] {
  return [
    row(`${name}: longest wait of the event loop`, 'ms', waits),
    row(`${name}: longest wait of the event loop, most`, 'ms', [Math.max(...waits)]),
  ];
}

function budgetOf(frame: Frame): number {
  const facts = { requestId: '00000000-0000-4000-8000-000000000000', frame, clockSynchronised: true };
  const payload = { deviceId: SETTINGS.deviceId, metadata: true, publishFrame: true };
  const shape = { maxPayloadBytes: MAX_PAYLOAD_BYTES, overheadBytes: overheadBytes(payload, facts) };
  return jpegBudgetBytes({ ...shape, encoding: 'base64' });
}

/** Notes how long the event loop was kept waiting at most, in milliseconds; the monitor's own beat is one of them. */
async function watched<T>(waits: number[], work: () => Promise<T>): Promise<T> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  try {
    return await work();
  } finally {
    delay.disable();
    if (delay.count > 0) waits.push(delay.max / 1e6 - 1);
  }
}
