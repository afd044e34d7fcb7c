// How close to the budget photographs come, in how many encodes and how much time; beside the ways that others take.
import type { Frame } from '../../src/domain.ts';
import { jpegBudgetBytes } from '../../src/fit/budget.ts';
import { overheadBytes } from '../../src/request/build-request.ts';
import { measureCoding } from './fit-coding.ts';
import { SETTINGS } from './fit-contest.ts';
import { measureMainThread } from './fit-main-thread.ts';
import { measureFitMemory } from './fit-memory.ts';
import { findPhotographs, photographed, type PhotographSet } from './fit-photographs.ts';
import { compare, newScores, rowsOf, type Scores } from './fit-scores.ts';
import type { Bench, Row } from './rows.ts';

const SIZES = [
  { widthPx: 1920, heightPx: 1080 },
  { widthPx: 1280, heightPx: 720 },
];
const MAX_PAYLOAD_BYTES = 128_000;
const TIMES = { quick: 1, full: 5 };
const LATER_SHOTS = { quick: 1, full: 3 };

export async function measureFit(bench: Bench): Promise<readonly Row[]> {
  bench.say('fit: fetching photographs');
  const sets = await findPhotographs(bench.scope);
  const rows: Row[] = [];
  for (const set of sets) {
    const { cold, warm, steps, binary } = await compared(set, bench);
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
    ...(await measureMainThread(bench, paths)),
    ...(await measureCoding(bench, paths)),
    ...(await measureFitMemory(bench, paths)),
  ];
}

async function compared({ name, paths, chroma }: PhotographSet, { rounds, say }: Bench): Promise<Scores> {
  const scores = newScores();
  for (const size of SIZES) {
    for (const [seed, path] of paths.entries()) {
      const shots = 1 + LATER_SHOTS[rounds];
      const photograph = await photographed(path, { ...size, shots, seed, chroma });
      say(`fit (${name}): ${photograph.name}, ${String(size.widthPx)} x ${String(size.heightPx)}`);
      await compare(scores, photograph.frames, { budgetOf, times: TIMES[rounds] });
    }
  }
  return scores;
}

function budgetOf(frame: Frame): number {
  const facts = { requestId: '00000000-0000-4000-8000-000000000000', frame, clockSynchronised: true };
  const payload = { deviceId: SETTINGS.deviceId, metadata: true, publishFrame: true };
  const shape = { maxPayloadBytes: MAX_PAYLOAD_BYTES, overheadBytes: overheadBytes(payload, facts) };
  return jpegBudgetBytes({ ...shape, encoding: 'base64' });
}
