// How hard a fleet hits its broker when that comes back: our delays beside the two usual ones. Nothing runs in real time.
import { createRandom } from '../../src/support/random.ts';
import { DOUBLING, FIXED, OURS, simulateRestart } from './fleet-simulation.ts';
import { row, type Bench, type Row } from './rows.ts';

const CLIENTS = 1000;
const SCENE = { clients: CLIENTS, downSeconds: 10, acceptedPerSecond: 100 };
const POLICIES = [
  { name: 'shutterd', policy: OURS },
  { name: 'fixed 1 s', policy: FIXED },
  { name: 'plain doubling', policy: DOUBLING },
] as const;

export async function measureFleet({ rounds, say }: Bench): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { name, policy } of POLICIES) {
    say(`fleet, ${name}`);
    const peaks: number[] = [];
    const backMs: number[] = [];
    for (let at = 0; at < (rounds === 'quick' || policy.jitter === 'none' ? 1 : 5); at += 1) {
      const { peakPerSecond, allBackSeconds } = await simulateRestart({ ...SCENE, policy }, createRandom());
      peaks.push(peakPerSecond);
      backMs.push(allBackSeconds * 1000);
    }
    rows.push(row(`connects in the worst second, ${CLIENTS} clients, ${name}`, 'times', peaks));
    rows.push(row(`until the last of them is back, ${name}`, 'ms', backMs));
  }
  return rows;
}
