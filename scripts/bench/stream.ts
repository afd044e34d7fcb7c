// How soon a warm stream answers a trigger, in frame intervals of a generated 30 frames a second; what it costs in between, and what is left at rest.
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Driver } from '../../src/capture/driver.ts';
import { createStreamDriver } from '../../src/capture/stream-driver.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createRandom } from '../../src/support/random.ts';
import { createStartProcess } from '../../src/support/process-group.ts';
import { fakeFfmpeg, GENERATED } from '../../test/capture/fake-ffmpeg.ts';
import { row, timed, type Bench, type Row } from './rows.ts';

const CAPTURES = { quick: 40, full: 300 };
const REST_SECONDS = { quick: 3, full: 10 };
const INTERVAL_MS = 1000 / 30;
const KEEP_WARM_SECONDS = 1;
const WARM_SECONDS = 10;

export async function measureStream({ scope, rounds, say }: Bench): Promise<readonly Row[]> {
  say('stream');
  const program = await fakeFfmpeg(GENERATED.replace('320x240', '1280x720'));
  scope.defer(() => program.remove());
  const clock = createSystemClock();
  const open = (keepWarmSeconds: number): Driver => {
    const driver = createStreamDriver({
      settings: { widthPx: 1280, heightPx: 720, skipFrames: 20, keepWarmSeconds },
      findNode: () => Promise.resolve({ kind: 'found', node: '/dev/video0' }),
      hasProgram: () => Promise.resolve(true),
      findLauncher: () => Promise.resolve([]),
      startProcess: createStartProcess({ clock, kill: (pid, signal) => process.kill(pid, signal) }),
      ...{ clock, random: createRandom(), searchPath: program.searchPath },
    });
    scope.defer(() => driver.close?.());
    return driver;
  };
  const driver = open(KEEP_WARM_SECONDS);
  const capture = (): Promise<void> => captureOrThrow(driver);
  const cold = await timed(capture);
  const warm: number[] = [];
  for (let at = 0; at < CAPTURES[rounds]; at += 1) {
    await wait((at * 7) % 60); // at every phase of the camera's interval
    warm.push((await timed(capture)) / INTERVAL_MS);
  }
  const burst = await timed(async () => {
    for (let at = 0; at < 30; at += 1) await capture();
  });
  return [
    row('stream, first frame after opening, 20 skipped', 'ms', [cold]),
    row('stream, trigger to frame', 'intervals', warm),
    row('stream, each of a burst of 30', 'intervals', [burst / 30 / INTERVAL_MS]),
    ...(await atRest(REST_SECONDS[rounds])),
    ...(await keptWarm(open(-1))),
  ];
}

/** Between triggers: the program streams on, and this process passes over its frames. */
async function keptWarm(driver: Driver): Promise<readonly Row[]> {
  await captureOrThrow(driver);
  const before = process.cpuUsage();
  const resident: number[] = [];
  for (let second = 0; second < WARM_SECONDS; second += 1) {
    await wait(1000);
    resident.push(process.memoryUsage.rss() / 1e6);
  }
  return [
    row('stream kept warm: processor of this process', '%', [percentSince(before, WARM_SECONDS)]),
    row('stream kept warm: memory of this process', 'MB', resident),
  ];
}

async function captureOrThrow(driver: Driver): Promise<void> {
  const outcome = await driver.capture({ signal: new AbortController().signal, deadlineMs: 15_000 });
  if (outcome.kind === 'failed') throw new Error(`Cannot measure stream: ${outcome.detail}`);
}

function percentSince(before: NodeJS.CpuUsage, seconds: number): number {
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / 1e6 / seconds) * 100;
}

/** After keepWarmSeconds no program is left, and this process has nothing to do for the camera. */
async function atRest(seconds: number): Promise<readonly Row[]> {
  await wait((KEEP_WARM_SECONDS + 1) * 1000);
  const before = process.cpuUsage();
  await wait(seconds * 1000);
  const percent = percentSince(before, seconds);
  const children = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8');
  return [
    row('stream closed: programs left', 'programs', [children.split(' ').filter((pid) => pid !== '').length]),
    row('stream closed: processor of this process', '%', [percent]),
  ];
}
