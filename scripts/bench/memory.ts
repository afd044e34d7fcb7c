// The resident memory of the daemon at rest, and after many pictures: what grows shows here.
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { startCamera } from './daemon.ts';
import { row, type Bench, type Row } from './rows.ts';

const REST_SECONDS = { quick: 3, full: 10 };
const PICTURES = { quick: 40, full: 200 };

export async function measureMemory({ scope, rounds, say }: Bench): Promise<readonly Row[]> {
  const seconds = REST_SECONDS[rounds];
  const pictures = PICTURES[rounds];
  say(`memory, ${seconds} s at rest and ${pictures} pictures`);
  const { daemon, request } = await startCamera(scope, { 'camera.driver': 'test' });
  await wait(seconds * 1000); // here the waiting is what is measured
  const atRest = await residentMegabytes(daemon.pid);
  for (let at = 0; at < pictures; at += 1) await request();
  return [
    row(`resident memory after ${seconds} s at rest`, 'MB', [atRest]),
    row(`resident memory after ${pictures} pictures`, 'MB', [await residentMegabytes(daemon.pid)]),
  ];
}

/** proc(5): `VmRSS:   61440 kB`, where kB is 1024 bytes; here 1 MB is 1,000,000 bytes. */
export async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined)
    throw new Error(`Cannot read memory of process ${pid}: no VmRSS, Linux is needed`);
  return (Number(kibibytes) * 1024) / 1e6;
}
