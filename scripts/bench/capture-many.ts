// Captures many times with one camera and prints how memory grew: `node capture-many.js FOLDER CAPTURES SETTLING SETTINGS`.
import { readFile } from 'node:fs/promises';
import { createCamera, type CameraSettings } from '../../src/capture/create-camera.ts';
import type { Growth } from './capture-memory.ts';
import { cameraParts, captureOrThrow } from './capture-parts.ts';

// Garbage comes and goes: the lowest of so many looks is what stays.
const LOOKS = 50;
const CAPTURES_A_LINE = 100;

const [folder = '', captures = '', settling = '', settings = '{}'] = process.argv.slice(2);
const camera = createCamera(JSON.parse(settings) as CameraSettings, {
  ...cameraParts(folder),
  // The stream comes from a program, not from a device: whatever its name is taken for one.
  devices: {
    ...{ sysfs: `${folder}/none`, dev: '/dev' },
    pathKind: () => Promise.resolve('characterDevice' as const),
    canReadAndWrite: () => Promise.resolve(true),
  },
});

// Until then pools fill and code is compiled; what grows afterwards grows for ever.
for (let at = 0; at < Number(settling); at += 1) await captureOrThrow(camera);
const before = await lowestResident();
for (let at = LOOKS; at < Number(captures); at += 1) {
  await captureOrThrow(camera);
  if (at % CAPTURES_A_LINE === 0) process.stdout.write(`${String(at)} captures\n`);
}
const after = await lowestResident();
await camera.close();
const growth: Growth = { before, after };
process.stdout.write(`${JSON.stringify(growth)}\n`);

async function lowestResident(): Promise<number> {
  let lowest = Infinity;
  for (let look = 0; look < LOOKS; look += 1) {
    await captureOrThrow(camera);
    lowest = Math.min(lowest, await residentOfAll());
  }
  return lowest;
}

/** Of this process and of the programs it has started: the capture helper, or the program that streams. */
async function residentOfAll(): Promise<number> {
  const children = await readFile(`/proc/self/task/${String(process.pid)}/children`, 'utf8');
  const pids = ['self', ...children.split(' ').filter((pid) => pid !== '')];
  const sizes = await Promise.all(pids.map(residentOf));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** proc(5): `VmRSS:   61440 kB`, where kB is 1024 bytes; here 1 MB is 1,000,000 bytes. */
async function residentOf(pid: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`Cannot read memory of process ${pid}: it has no VmRSS line`);
  return (Number(kibibytes) * 1024) / 1e6;
}
