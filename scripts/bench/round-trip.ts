// From the trigger to the request on the wire, through a real broker: what a person at the far side waits for.
import { Scope } from '../../test/helpers/scope.ts';
import { startCamera, type Settings } from './daemon.ts';
import { row, timed, type Bench, type Row } from './rows.ts';

interface CameraCase {
  readonly name: string;
  readonly settings: Settings;
  readonly samples: { readonly quick: number; readonly full: number };
}

const CASES: readonly CameraCase[] = [
  { name: 'camera test', settings: { 'camera.driver': 'test' }, samples: { quick: 10, full: 60 } },
  ...[1, 20].map((skipFrames) => ({
    name: `node-webcam TEST, skipFrames ${skipFrames}`,
    settings: { 'camera.device': 'TEST', 'camera.skipFrames': skipFrames },
    samples: { quick: 5, full: 20 },
  })),
];

export async function measureRoundTrips(bench: Bench): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const one of CASES) {
    bench.say(`trigger to request, ${one.name}`);
    // One camera at a time: two would measure each other.
    const scope = new Scope();
    bench.scope.defer(() => scope.end());
    const camera = await startCamera(scope, one.settings);
    await camera.request(); // the first one also loads code
    const values: number[] = [];
    for (let at = 0; at < one.samples[bench.rounds]; at += 1)
      values.push(await timed(() => camera.request()));
    await scope.end();
    rows.push(row(`trigger to request, ${one.name}`, 'ms', values));
  }
  return rows;
}
