// `shutterd fleet status`: the retained status of every device as a table. It listens only, and speaks to no device.
import type { Loaded } from '../config/load.ts';
import type { Link } from '../domain.ts';
import { orAborted } from '../support/abort.ts';
import { sleep } from '../support/clock.ts';
import { counted } from '../support/counted.ts';
import { openCliLink } from './cli-link.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { FleetRoster } from './fleet-roster.ts';
import { fleetLines, fleetTable } from './fleet-table.ts';
import { fleetTopic } from './fleet-topic.ts';
import { configurationOrProblems } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';

export const fleetStatusCommand: Command = {
  name: 'fleet status',
  summary: 'every device: online, version, configuration, outbox, last picture',
  usage: '[--watch] [--timeout SECONDS]',
  flags: {
    watch: { kind: 'switch', doc: 'goes on, and shows what changes' },
    timeout: {
      kind: 'text',
      value: 'SECONDS',
      doc: 'longest wait for a broker with very many devices (default 10)',
    },
  },
  operands: [],
  exits: {},
  examples: ['shutterd fleet status', 'shutterd fleet status --watch', 'shutterd fleet status --json'],
  run: showFleet,
};

// The broker sends what it retains in one go; a link that pauses this long inside it is slower than any we know.
const QUIET_MS = 1000;
const TIMEOUT_SECONDS = 10;
const TIMEOUT_SECONDS_MAX = 3600;
const REDRAW_MS = 1000;
const CLEAR_SCREEN = '\u001b[H\u001b[2J';

async function showFleet(args: Arguments, context: Context): Promise<number> {
  const text = args.text('timeout') ?? String(TIMEOUT_SECONDS);
  const seconds = /^\d{1,4}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (seconds <= 0 || seconds > TIMEOUT_SECONDS_MAX) {
    const allowed = `seconds above 0 and up to ${String(TIMEOUT_SECONDS_MAX)}`;
    context.err(`Cannot wait ${JSON.stringify(text)}: allowed is ${allowed}\n`);
    return EXIT.usage;
  }
  const loaded = await configurationOrProblems(args, context);
  if (loaded === undefined) return EXIT.badConfiguration;
  const topic = fleetTopic(statusTopic(loaded));
  const roster = new FleetRoster(topic);
  const link = await openCliLink(context, loaded.config, {
    filters: [topic.filter],
    onMessage: (message) => {
      roster.hear(message);
    },
  });
  try {
    await untilQuiet(roster, { link, context, timeoutMs: seconds * 1000 });
    summarise(roster, { context, filter: topic.filter, retain: loaded.config.mqtt.retain });
    show(roster, args, context);
    return args.isSet('watch') ? await watch(roster, { link, args, context }) : EXIT.ok;
  } finally {
    await link.close();
  }
}

/** As it is written: the effective one has this device's name in it. */
function statusTopic({ origins, config }: Loaded): string {
  const written = origins.get('topics.status')?.at(-1)?.value;
  return typeof written === 'string' ? written : config.topics.status;
}

async function untilQuiet(
  roster: FleetRoster,
  { link, context, timeoutMs }: { link: Link; context: Context; timeoutMs: number },
): Promise<void> {
  const { clock, stop } = context;
  const endMs = clock.monotonicMs() + timeoutMs;
  for (let left = timeoutMs; left > 0; left = endMs - clock.monotonicMs()) {
    const before = roster.heard;
    const rest = await next(link, context, Math.min(QUIET_MS, left));
    if (rest !== 'elapsed' || roster.heard === before || stop.aborted) return;
  }
}

async function watch(
  roster: FleetRoster,
  { link, args, context }: { link: Link; args: Arguments; context: Context },
): Promise<number> {
  for (;;) {
    const before = roster.heard;
    const rest = await next(link, context, REDRAW_MS);
    if (rest === 'stopped') return EXIT.ok;
    if (rest !== 'elapsed') {
      context.err(`Cannot go on watching: ${rest.detail}\n${rest.remedy}\n`);
      return EXIT.failure;
    }
    // On a terminal the ages move as well.
    if (roster.heard !== before || (context.outIsTerminal && !args.isSet('json')))
      redraw(roster, args, context);
  }
}

/** A wait that ends with the connection or with the command. */
async function next(
  link: Link,
  { clock, stop }: Context,
  ms: number,
): Promise<'elapsed' | 'stopped' | Awaited<Link['ended']>> {
  const over = new AbortController();
  try {
    const first = await orAborted(Promise.race([sleep(clock, ms, over.signal), link.ended]), stop);
    if (first.kind === 'aborted' || first.value === 'aborted') return 'stopped';
    return first.value;
  } finally {
    over.abort();
  }
}

function summarise(
  roster: FleetRoster,
  { context, filter, retain }: { context: Context; filter: string; retain: boolean },
): void {
  const rows = roster.rows();
  if (!retain) context.err('mqtt.retain is false: only devices that publish meanwhile are seen\n');
  if (rows.length === 0) {
    context.err(`No device has a status on ${filter}\n`);
    return;
  }
  const online = rows.filter(({ state }) => state === 'online').length;
  context.err(`${counted(rows.length, 'device')} on ${filter}, ${String(online)} online\n`);
}

function show(roster: FleetRoster, args: Arguments, context: Context): void {
  roster.takeChanged();
  const rows = roster.rows();
  if (!args.isSet('json')) {
    if (rows.length > 0) context.out(fleetTable(rows, context.clock.now().getTime()));
  } else if (args.isSet('watch')) {
    for (const row of rows) context.out(`${JSON.stringify(row)}\n`);
  } else {
    context.out(`${JSON.stringify(rows, null, 2)}\n`);
  }
}

function redraw(roster: FleetRoster, args: Arguments, context: Context): void {
  const now = context.clock.now().getTime();
  const changed = roster.takeChanged();
  if (args.isSet('json')) for (const row of changed) context.out(`${JSON.stringify(row)}\n`);
  else if (context.outIsTerminal) context.out(CLEAR_SCREEN + fleetTable(roster.rows(), now));
  else context.out(fleetLines(changed, now));
}
