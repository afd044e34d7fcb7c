// Measures the compiled program on this machine: `npm run bench [-- --quick] [--json] [--only NAME]`. It judges no number.
import { parseArgs } from 'node:util';
import { Scope } from '../test/helpers/scope.ts';
import { measureCapture } from './bench/capture.ts';
import { measureDrain } from './bench/drain.ts';
import { measureFit } from './bench/fit.ts';
import { measureFleet } from './bench/fleet.ts';
import { measureMemory } from './bench/memory.ts';
import { measureOutbox } from './bench/outbox.ts';
import { tableText, type Measurement, type Row } from './bench/rows.ts';
import { measureRest } from './bench/rest.ts';
import { measureRoundTrips } from './bench/round-trip.ts';
import { measureStart } from './bench/start.ts';
import { measureStream } from './bench/stream.ts';

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  start: measureStart,
  fit: measureFit,
  outbox: measureOutbox,
  drain: measureDrain,
  'round-trip': measureRoundTrips,
  fleet: measureFleet,
  capture: measureCapture,
  stream: measureStream,
  memory: measureMemory,
  rest: measureRest,
};

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    only: { type: 'string', multiple: true },
  },
});
const rounds = values.quick === true ? 'quick' : 'full';

const rows: Row[] = [];
for (const measure of chosen(values.only)) {
  const scope = new Scope();
  try {
    rows.push(...(await measure({ scope, rounds, say })));
  } finally {
    await scope.end();
  }
}
process.stdout.write(values.json === true ? `${JSON.stringify(rows, null, 2)}\n` : tableText(rows));

/** Those that are named, in the order of the table; without names all of them. */
function chosen(names: readonly string[] = Object.keys(MEASUREMENTS)): readonly Measurement[] {
  const wrong = names.find((name) => !Object.hasOwn(MEASUREMENTS, name));
  if (wrong !== undefined) {
    const all = Object.keys(MEASUREMENTS).join(', ');
    say(`Cannot measure ${wrong}: there is no measurement of this name, ${all} are allowed`);
    process.exit(2);
  }
  return Object.entries(MEASUREMENTS).flatMap(([name, measure]) => (names.includes(name) ? [measure] : []));
}

/** Progress, for whoever waits; the table alone goes to standard output. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
