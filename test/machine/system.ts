// Installs the service on a Debian host over ssh and tries everything there that needs systemd, a camera and boots. It is no mocha
// test: `npm run test:system -- --help`.
import { parseArgs } from 'node:util';
import { createSystemClock } from '../../src/support/clock.ts';
import { bootRows } from './system/boot-rows.ts';
import { cameraRows } from './system/camera-rows.ts';
import { credentialRows } from './system/credential-rows.ts';
import { faultRows } from './system/fault-rows.ts';
import { createHost, started } from './system/host.ts';
import { installRows, upgradeRows } from './system/install-rows.ts';
import { packageRows } from './system/package-rows.ts';
import { type Bench, expect, type Hand, type Row } from './system/row.ts';
import { createService } from './system/service.ts';

const HELP = `Usage: npm run test:system -- --host root@pi --archive FILE [options]

--host DESTINATION   the host, as ssh takes it; root, by key. Debian 12 or Raspberry Pi OS with mosquitto, mosquitto-clients,
                     openssl, python3 and a webcam, nothing of shutterd on it: it is installed, broken, upgraded and removed. Not for a
                     host that is in use: it is booted, its clock is set, its broker is stopped
--port N, --identity FILE
                     of ssh
--archive FILE       shutterd-VERSION-ARCH.tar.gz of scripts/package.sh
--deb FILE           shutterd_VERSION_ARCH.deb, for the rows that go through apt
--unplug COMMAND --plug COMMAND
                     takes the camera away and gives it back
--cut COMMAND        takes the host's power away and gives it back
--only NAME[,NAME]   these rows only, in the order of the whole; names may be shortened
--list               prints the names of the rows

COMMAND is split at blanks and run here, without a shell. Each row prints one line. Ends with 1 where a row failed, and where
one was not run for want of an option, unless --only chose it away.
`;
const HAND_SECONDS_MAX = 600;
const ROWS: readonly Row[] = [
  ...installRows,
  ...cameraRows,
  ...credentialRows,
  ...faultRows,
  ...bootRows,
  ...upgradeRows,
  ...packageRows,
];

const { values } = parseArgs({
  options: {
    host: { type: 'string' },
    port: { type: 'string' },
    identity: { type: 'string' },
    archive: { type: 'string' },
    deb: { type: 'string' },
    unplug: { type: 'string' },
    plug: { type: 'string' },
    cut: { type: 'string' },
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function chosen(): readonly Row[] {
  if (values.only === undefined) return ROWS;
  const names = values.only.split(',');
  const isNamed = (row: Row, name: string): boolean =>
    row.name === name || (ROWS.every((other) => other.name !== name) && row.name.startsWith(name));
  for (const name of names)
    expect(
      ROWS.some((row) => isNamed(row, name)),
      `there is no row ${name}; --list prints all`,
    );
  return ROWS.filter((row) => names.some((name) => isNamed(row, name)));
}

function createBench(destination: string): Bench {
  const { port, identity } = values;
  const clock = createSystemClock();
  const host = createHost(
    { destination, ...(port === undefined ? {} : { port }), ...(identity === undefined ? {} : { identity }) },
    clock,
  );
  const hand = async (name: Hand): Promise<void> => {
    const [file = 'false', ...args] = (values[name] ?? '').split(' ').filter((word) => word !== '');
    const { code, output } = await started(file, args, HAND_SECONDS_MAX);
    expect(code === 0, `--${name} ended with ${code}: ${output.trim()}`);
  };
  return { host, service: createService(host), clock, archive: values.archive, deb: values.deb, hand };
}

async function runRows(rows: readonly Row[], bench: Bench): Promise<number> {
  const failed: string[] = [];
  const missing: string[] = [];
  for (const row of rows) {
    const lacks = (row.needs ?? []).filter((name) => values[name] === undefined);
    if (lacks.length > 0) {
      missing.push(`${row.name} (needs ${lacks.map((name) => `--${name}`).join(', ')})`);
      continue;
    }
    const startMs = bench.clock.monotonicMs();
    const [verdict, saw] = await row.run(bench).then(
      (words) => ['ok', words] as const,
      (error: unknown) => ['FAILED', error instanceof Error ? error.message : String(error)] as const,
    );
    if (verdict === 'FAILED') failed.push(row.name);
    const seconds = Math.round((bench.clock.monotonicMs() - startMs) / 1000);
    process.stdout.write(
      `${verdict.padEnd(6)} ${row.name.padEnd(26)} ${String(seconds).padStart(4)} s  ${saw}\n`,
    );
  }
  const ran = rows.length - missing.length;
  process.stdout.write(`\n${ran - failed.length} ok, ${failed.length} failed, ${missing.length} not run\n`);
  for (const name of failed) process.stdout.write(`failed: ${name}\n`);
  for (const name of missing) process.stdout.write(`not run: ${name}\n`);
  return failed.length + missing.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  if (values.list) {
    process.stdout.write(ROWS.map(({ name }) => `${name}\n`).join(''));
    return 0;
  }
  if (values.help || values.host === undefined) {
    process.stdout.write(HELP);
    return values.help ? 0 : 2;
  }
  const bench = createBench(values.host);
  const about =
    '. /etc/os-release; echo "$PRETTY_NAME, $(uname -m), Linux $(uname -r)"; [ ! -r /proc/device-tree/model ] || tr -d "\\0" </proc/device-tree/model';
  process.stdout.write(`${(await bench.host.must(about)).replaceAll('\n', ', ')}\n`);
  return runRows(chosen(), bench);
}

process.exitCode = await main();
