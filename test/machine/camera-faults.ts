// Runs on a machine with a real capture device whose faults can be switched on by commands, and tells what the camera
// makes of each. It is no mocha test: `node dist/test/machine/camera-faults.js --help`.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createCamera } from '../../src/capture/create-camera.ts';
import { createV4l2 } from '../../src/capture/v4l2-ctl.ts';
import type { Camera, CaptureOutcome } from '../../src/domain.ts';
import { createSystemClock, sleep } from '../../src/support/clock.ts';
import { createJpegCodec } from '../../src/support/jpeg.ts';
import { createStartProcess } from '../../src/support/process-group.ts';
import { createRandom } from '../../src/support/random.ts';
import { createRunProcess } from '../../src/support/run-process.ts';

const HELP = `Usage: node camera-faults.js --fault COMMAND [--unplug COMMAND --plug COMMAND] [--device DEVICE] [--driver DRIVER]
       [--timeout SECONDS]

COMMAND is split at blanks and run without a shell; --fault gets the name of the fault as its last argument: one of
ok freeze black corrupt garbage error. SECONDS is camera.timeoutSeconds, 8 unless told. Needs fswebcam and ffmpeg.
`;
const GRACE_MS = 2000;
// A fault shows in the frames that are exposed after it; the kernel takes its time to notice an unplugged device.
const SETTLE_MS = 1500;
// What the drivers put into the environment of whatever they start.
const MARKS = /(^|\0)SHUTTERD_(STREAM|CAPTURE_HELPER)=/;

interface Row {
  readonly driver: string;
  readonly fault: string;
  readonly outcome: string;
  readonly ms: number;
  readonly verdict: string;
}

interface Place {
  readonly driver: string;
  /** Where the driver keeps its frames. */
  readonly folder: string;
}

const { values } = parseArgs({
  options: {
    fault: { type: 'string' },
    unplug: { type: 'string' },
    plug: { type: 'string' },
    device: { type: 'string', default: 'auto' },
    driver: { type: 'string', multiple: true, default: ['node-webcam', 'stream'] },
    timeout: { type: 'string', default: '8' },
    help: { type: 'boolean', default: false },
  },
});
const timeoutSeconds = Number(values.timeout);

/** What each fault may end as, by driver; what is not named is a good picture. */
const EXPECTED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  // fswebcam encodes again what it could decode, and draws black where it could not. A rest of an older frame in the same
  // buffer, which fills up what is missing, cannot be told from a picture.
  'node-webcam': {
    freeze: ['timeout'],
    black: ['suspect black'],
    corrupt: ['badFrame', 'suspect black', 'captured'],
    garbage: ['badFrame', 'suspect black', 'timeout'],
    error: ['badFrame', 'suspect black', 'timeout'],
    'unplug in mid-capture': ['noDevice', 'badFrame', 'timeout', 'suspect black', 'captured'],
    unplugged: ['noDevice'],
  },
  // Here the camera's own pictures come through: none is drawn for one that is not there.
  stream: {
    freeze: ['timeout'],
    black: ['suspect black'],
    corrupt: ['badFrame', 'timeout'],
    garbage: ['badFrame', 'timeout'],
    // The kernel may give a transfer error up with the picture before it, or with the device.
    error: ['badFrame', 'timeout', 'noDevice', 'captured'],
    // A warm stream may be quicker than the plug.
    'unplug in mid-capture': ['noDevice', 'badFrame', 'captured'],
    unplugged: ['noDevice'],
  },
};

const clock = createSystemClock();
const kill = (pid: number, signal: 'SIGKILL'): void => {
  process.kill(pid, signal);
};

function cameraOf(driver: string, folder: string): Camera {
  const settings = {
    ...{
      driver: driver === 'stream' ? ('stream' as const) : ('node-webcam' as const),
      device: values.device,
    },
    ...{ widthPx: 1280, heightPx: 720, skipFrames: 5, timeoutSeconds },
    ...{ keepWarmSeconds: 30, onSuspect: 'publish' as const },
  };
  const runProcess = createRunProcess({ clock, kill });
  const searchPath = process.env['PATH'] ?? '';
  return createCamera(settings, {
    ...{ clock, random: createRandom(), codec: createJpegCodec() },
    ...{ runProcess, searchPath, v4l2: createV4l2({ clock, runProcess, searchPath }) },
    ...{ startProcess: createStartProcess({ clock, kill }) },
    ...{ nodePath: process.execPath, privateFolder: folder },
  });
}

async function take(camera: Camera): Promise<{ readonly outcome: string; readonly ms: number }> {
  const startMs = clock.monotonicMs();
  const outcome = await camera.capture(new AbortController().signal);
  return { outcome: words(outcome), ms: Math.round(clock.monotonicMs() - startMs) };
}

function words(outcome: CaptureOutcome): string {
  if (outcome.kind === 'failed') return outcome.cause;
  return outcome.frame.suspect === undefined ? 'captured' : `suspect ${outcome.frame.suspect}`;
}

async function command(line: string | undefined, ...more: readonly string[]): Promise<void> {
  const [file = 'false', ...args] = (line ?? '').split(' ').filter((word) => word !== '');
  execFileSync(file, [...args, ...more], { stdio: 'ignore' });
  await sleep(clock, SETTLE_MS);
}

function programsLeft(): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => MARKS.test(environmentOf(pid))).length;
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return ''; // it ended while we looked, or it is none of ours
  }
}

function videoNodes(): readonly string[] {
  return readdirSync('/dev').filter((name) => /^video\d+$/.test(name));
}

function judged({ driver, folder }: Place, fault: string, taken: Pick<Row, 'outcome' | 'ms'>): Row {
  const verdict = verdictOn(driver, fault, taken) ?? leftOf(driver, taken, folder);
  const { outcome, ms } = taken;
  process.stdout.write(
    `${driver.padEnd(12)} ${fault.padEnd(24)} ${outcome.padEnd(14)} ${String(ms).padStart(6)} ms  ${verdict}\n`,
  );
  return { driver, fault, outcome, ms, verdict };
}

function verdictOn(
  driver: string,
  fault: string,
  { outcome, ms }: Pick<Row, 'outcome' | 'ms'>,
): string | undefined {
  if (ms > timeoutSeconds * 1000 + GRACE_MS) return 'LATE';
  const allowed = EXPECTED[driver]?.[fault] ?? ['captured'];
  return allowed.includes(outcome) ? undefined : `WRONG, allowed: ${allowed.join(', ')}`;
}

/** One program stays warm for the next capture: the helper of node-webcam, and the stream after a picture. No file does. */
function leftOf(driver: string, { outcome }: Pick<Row, 'outcome'>, folder: string): string {
  const isPicture = outcome === 'captured' || outcome.startsWith('suspect');
  const warm = driver === 'node-webcam' || isPicture ? 1 : 0;
  const programs = programsLeft();
  const files = readdirSync(folder).length;
  return programs <= warm && files === 0
    ? 'ok'
    : `LEFT ${programs} programs (${warm} may stay), ${files} files`;
}

async function faults(place: Place, camera: Camera): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const row = async (fault: string): Promise<void> => {
    rows.push(judged(place, fault, await take(camera)));
  };
  await command(values.fault, 'ok');
  await row('healthy, cold');
  await row('healthy, again');
  for (const fault of ['freeze', 'black', 'corrupt', 'garbage', 'error']) {
    await command(values.fault, fault);
    await row(fault);
    await command(values.fault, 'ok');
    await row(`healthy after ${fault}`);
  }
  if (values.unplug === undefined || values.plug === undefined) return rows;
  const underway = take(camera);
  await command(values.unplug);
  rows.push(judged(place, 'unplug in mid-capture', await underway));
  await row('unplugged');
  await command(values.plug);
  await row('healthy after replug');
  rows.push(await replugHeldOpen(place.driver, values.unplug, values.plug));
  await row('healthy, another number');
  return rows;
}

/** The kernel gives no number again that somebody still holds open: the camera comes back under another one. */
async function replugHeldOpen(driver: string, unplug: string, plug: string): Promise<Row> {
  const startMs = clock.monotonicMs();
  const before = videoNodes();
  const held = before.map((name) => openSync(join('/dev', name), 'r'));
  try {
    await command(unplug);
    await command(plug);
    const outcome = `${before.join(' ')} -> ${videoNodes().join(' ')}`;
    // Where the numbers are the same, the row after this one would prove nothing.
    const verdict = videoNodes().join() === before.join() ? 'WRONG, allowed: another number' : 'ok';
    process.stdout.write(`${driver.padEnd(12)} nodes held open in a replug: ${outcome}  ${verdict}\n`);
    return {
      driver,
      fault: 'replug held open',
      outcome,
      ms: Math.round(clock.monotonicMs() - startMs),
      verdict,
    };
  } finally {
    held.forEach(closeSync);
  }
}

async function main(): Promise<number> {
  if (values.help || values.fault === undefined || !(timeoutSeconds > 0)) {
    process.stdout.write(HELP);
    return values.help ? 0 : 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'camera-faults-'));
  let wrong = 0;
  try {
    for (const driver of values.driver) {
      const camera = cameraOf(driver, folder);
      wrong += (await faults({ driver, folder }, camera)).filter(({ verdict }) => verdict !== 'ok').length;
      await camera.close();
      const left = { programs: programsLeft(), files: readdirSync(folder).length };
      process.stdout.write(
        `${driver.padEnd(12)} left behind: ${left.programs} programs, ${left.files} files\n`,
      );
      wrong += left.programs + left.files;
    }
  } finally {
    await command(values.fault, 'ok');
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(wrong === 0 ? 'all as expected\n' : `${wrong} wrong\n`);
  return wrong === 0 ? 0 : 1;
}

process.exitCode = await main();
