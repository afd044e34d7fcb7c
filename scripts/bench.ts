// Measures the compiled program on this machine: `npm run bench [-- --quick] [-- --json]`. It judges no number.
import { parseArgs } from 'node:util';
import { Scope } from '../test/helpers/scope.ts';
import { measureCapture } from './bench/capture.ts';
import { measureDrain } from './bench/drain.ts';
import { measureFit } from './bench/fit.ts';
import { measureFleet } from './bench/fleet.ts';
import { measureMemory } from './bench/memory.ts';
import { measureOutbox } from './bench/outbox.ts';
import { tableText, type Row } from './bench/rows.ts';
import { measureRoundTrips } from './bench/round-trip.ts';
import { measureStart } from './bench/start.ts';
import { measureStream } from './bench/stream.ts';

const MEASUREMENTS = [
  measureStart,
  measureFit,
  measureOutbox,
  measureDrain,
  measureRoundTrips,
  measureFleet,
  measureCapture,
  measureStream,
  measureMemory,
];

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'boolean' } } });
const rounds = values.quick === true ? 'quick' : 'full';

const rows: Row[] = [];
for (const measure of MEASUREMENTS) {
  const scope = new Scope();
  try {
    rows.push(...(await measure({ scope, rounds, say })));
  } finally {
    await scope.end();
  }
}
process.stdout.write(values.json === true ? `${JSON.stringify(rows, null, 2)}\n` : tableText(rows));

/** Progress, for whoever waits; the table alone goes to standard output. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
