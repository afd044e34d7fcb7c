// Cuts the power of a host while the daemon on it stores and sends requests, and counts what was accepted and is gone. It is no
// mocha test: `node dist/test/machine/power-cut.js --help`.
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { connect } from 'mqtt';
import { createSystemClock, sleep } from '../../src/support/clock.ts';

const HELP = `Usage: node power-cut.js --exec COMMAND --cut COMMAND --program COMMAND [options]

--exec COMMAND      runs its last argument, a shell line, on the host (ssh root@pi)
--cut COMMAND       takes the host's power away and gives it back; ends when --exec works again
                    (needs no cooperation of the host: a switched socket, a virtual machine's plug); {seed} in it becomes
                    a number that is another one each round; what it prints is printed
--program COMMAND   shutterd on the host (node /opt/shutterd/dist/src/main.js)
--folder PATH       state directory on the host, emptied first (default /var/tmp/shutterd-power-cut)
--rounds K          power cuts (default 10)
--triggers N        the cut comes at a random moment among the first N requests of a round (default 20)
--seed S            repeats the moments of an earlier run
--broker-there URL --broker-here URL
                    a broker that keeps its power, as the host and as this machine reach it; every other round then
                    delivers while the power goes. Without it the broker is unreachable and everything stays

Of each round it prints also what shows that the cut came in the middle of work: "unfinished", temporary files of the
outbox that came back, and "unsaid", intact requests whose acceptance never got out before the cut.

COMMAND is split at blanks and run without a shell. Ends with 1 where an accepted request is neither intact in the
outbox nor arrived at the broker.
`;

const { values } = parseArgs({
  options: {
    exec: { type: 'string' },
    cut: { type: 'string' },
    program: { type: 'string' },
    folder: { type: 'string', default: '/var/tmp/shutterd-power-cut' },
    rounds: { type: 'string', default: '10' },
    triggers: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    'broker-there': { type: 'string' },
    'broker-here': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

// Nobody listens on the discard port of a small host; the connection is refused and everything stays in the outbox.
const NO_BROKER = 'mqtt://127.0.0.1:9';
// In memory: a log on the disk that is under test would flush it at moments of its own.
const LOG = '/dev/shm/shutterd-power-cut.log';
// Faster than a small host stores, so that there is always one under way.
const TRIGGER_PAUSE_SECONDS = 0.05;
const ROUND_MS_MAX = 180_000;
const EXTRA_MS_MAX = 400;
const SEED_MAX = 2 ** 31;
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;

const clock = createSystemClock();
const accepted = new Set<string>();
/** How often each one came to the broker. */
const arrived = new Map<string, number>();

function words(line: string | undefined): readonly string[] {
  return (line ?? '').split(' ').filter((word) => word !== '');
}

function onHost(shellLine: string): string {
  const [file = 'false', ...args] = words(values.exec);
  const ran = spawnSync(file, [...args, shellLine], {
    ...{ encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX, stdio: ['ignore', 'pipe', 'inherit'] },
  });
  if (ran.status !== 0)
    throw new Error(`Cannot run on the host: ${shellLine} ended with ${ran.status ?? -1}`);
  return ran.stdout;
}

/** A small generator whose whole state is its seed (mulberry32). */
function createNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function settings(url: string): string {
  const sets = {
    ...{ 'device.id': 'power-cut', 'mqtt.url': url, 'camera.driver': 'test' },
    // A small picture: the less the host computes for a request, the more of its time it spends on storing.
    ...{ 'camera.widthPx': 320, 'camera.heightPx': 240, 'outbox.maxEntries': -1, 'outbox.minFreeBytes': 0 },
    ...{ 'outbox.drainPerSecond': 0, 'trigger.burst': 'queue', 'trigger.maxWaiting': 1000 },
    ...{ 'mqtt.reconnect.spreadSeconds': 0 },
  };
  return Object.entries(sets)
    .map(([key, value]) => `--set ${key}=${value}`)
    .join(' ');
}

function shutterd(command: string, url = NO_BROKER): string {
  return `STATE_DIRECTORY=${values.folder} ${values.program ?? ''} ${command} --config ${values.folder} ${settings(url)}`;
}

interface Moment {
  readonly requests: number;
  readonly extraMs: number;
  readonly seed: number;
}

/** The daemon and, beside it, a loop that asks for pictures as fast as the host can; its log arrives here. */
async function cutWhileItWorks(url: string, moment: Moment): Promise<number> {
  const [file = 'false', ...args] = words(values.exec);
  // USR1 ends a program that does not listen for it yet: the asking begins with the line that says it is ready.
  const line = [
    `: > ${LOG}`,
    `{ ${shutterd('run', url)} >> ${LOG} & } && pid=$!`,
    `{ tail -n +1 -f --pid=$pid ${LOG} & }`,
    `until grep -q daemon.ready ${LOG}; do sleep 0.1; kill -0 $pid || exit 1; done`,
    `while kill -USR1 $pid; do sleep ${TRIGGER_PAUSE_SECONDS}; done`,
  ].join('; ');
  // A group of its own: what COMMAND starts may hold the pipe open after the host is gone.
  const child = spawn(file, [...args, line], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const ended = new Promise<void>((resolve) => child.once('close', resolve));
  let stored = 0;
  const enough = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const found = /"event":"request\.stored","requestId":"([0-9a-f-]{36})"/.exec(text)?.[1];
      if (found === undefined) return;
      accepted.add(found);
      stored += 1;
      if (stored >= moment.requests) resolve();
    });
  });
  const over = new AbortController();
  await Promise.race([enough, ended, sleep(clock, ROUND_MS_MAX, over.signal)]);
  over.abort();
  await sleep(clock, moment.extraMs);
  await cutPower(moment.seed);
  endGroup(child.pid);
  await ended;
  return stored;
}

async function cutPower(seed: number): Promise<void> {
  const [file = 'false', ...args] = words(values.cut?.replaceAll('{seed}', String(seed)));
  const cutting = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const code = await new Promise<number | null>((resolve) => cutting.once('close', resolve));
  if (code !== 0) throw new Error(`Cannot cut the power: ${values.cut ?? ''} ended with ${code ?? -1}`);
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

interface Listing {
  readonly outbox: { readonly files: readonly { requestId?: string; state: string }[] };
  readonly quarantine: { readonly count: number };
}

interface Kept {
  readonly intact: ReadonlySet<string>;
  readonly damaged: number;
  readonly quarantined: number;
  readonly unfinished: number;
}

/** What the host has after it booted: read before any daemon starts again. */
function kept(): Kept {
  const unfinished = Number(onHost(`find ${values.folder}/outbox -name '.tmp-*' | wc -l`));
  const { outbox, quarantine } = JSON.parse(onHost(shutterd('outbox list --json --limit 0'))) as Listing;
  const intact = outbox.files.filter(({ state }) => state === 'waiting');
  return {
    intact: new Set(intact.map(({ requestId = '' }) => requestId)),
    damaged: outbox.files.length - intact.length,
    quarantined: quarantine.count,
    unfinished,
  };
}

async function listenHere(): Promise<() => Promise<void>> {
  if (values['broker-here'] === undefined) return () => Promise.resolve();
  const client = connect(values['broker-here'], { clientId: 'power-cut-counter', reconnectPeriod: 100 });
  client.on('message', (_topic, payload) => {
    const { request_id: id } = JSON.parse(payload.toString('utf8')) as { request_id?: string };
    if (id !== undefined) arrived.set(id, (arrived.get(id) ?? 0) + 1);
  });
  await client.subscribeAsync('device/image/request', { qos: 1 });
  return async () => {
    await client.endAsync();
  };
}

async function rounds(): Promise<number> {
  const numbers = createNumbers(Number(values.seed));
  const lost = new Set<string>();
  const unsaid = new Set<string>();
  process.stdout.write(`seed ${values.seed}\n`);
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    const delivers = values['broker-there'] !== undefined && round % 2 === 0;
    const url = delivers ? (values['broker-there'] ?? NO_BROKER) : NO_BROKER;
    const requests = 1 + Math.floor(numbers() * Number(values.triggers));
    const extraMs = Math.floor(numbers() * EXTRA_MS_MAX);
    const stored = await cutWhileItWorks(url, { requests, extraMs, seed: Math.floor(numbers() * SEED_MAX) });
    const { intact, ...found } = kept();
    for (const id of accepted) if (!intact.has(id) && !arrived.has(id)) lost.add(id);
    for (const id of intact) if (!accepted.has(id)) unsaid.add(id);
    const counts = { intact: intact.size, ...found, unsaid: unsaid.size, ...deliveries(), lost: lost.size };
    process.stdout.write(
      `round ${round} ${delivers ? 'delivering' : 'storing'}: accepted ${stored}, in all ${accepted.size}; ${inWords(counts)}\n`,
    );
  }
  process.stdout.write(
    `${values.rounds} power cuts, ${accepted.size} accepted requests, ${inWords({ ...deliveries(), lost: lost.size })} (seed ${values.seed})\n`,
  );
  for (const id of lost) process.stdout.write(`lost ${id}\n`);
  return lost.size === 0 && accepted.size > 0 ? 0 : 1;
}

function deliveries(): Readonly<Record<string, number>> {
  return { arrived: arrived.size, repeats: [...arrived.values()].reduce((sum, times) => sum + times - 1, 0) };
}

function inWords(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

async function main(): Promise<number> {
  if (values.help || values.exec === undefined || values.cut === undefined || values.program === undefined) {
    process.stdout.write(HELP);
    return values.help ? 0 : 2;
  }
  onHost(`rm -rf ${values.folder}; mkdir -m 700 ${values.folder}; sync`);
  const close = await listenHere();
  try {
    return await rounds();
  } finally {
    await close();
  }
}

process.exitCode = await main();
