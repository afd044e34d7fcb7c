// How fast a backlog leaves the disk for the broker, beside a bare client that sends the same from memory, one in flight.
import { connectAsync, type MqttClient } from 'mqtt';
import { createDrain } from '../../src/delivery/drain.ts';
import type { Link, Outbox, Request } from '../../src/domain.ts';
import { createOpenLink } from '../../src/mqtt/open-link.ts';
import { openOutbox } from '../../src/outbox/open-outbox.ts';
import { createSystemClock, type Clock } from '../../src/support/clock.ts';
import { createLog, type Log } from '../../src/support/log.ts';
import { createRandom } from '../../src/support/random.ts';
import { createRunProcess } from '../../src/support/run-process.ts';
import { startMosquitto } from '../../test/helpers/mosquitto.ts';
import type { Scope } from '../../test/helpers/scope.ts';
import { millisecondsSince, row, type Bench, type Row } from './rows.ts';

const PAYLOAD_BYTES = 128_000;
/** Entries of one turn. */
const BACKLOG = 200;
const TURNS = { quick: 3, full: 20 };
/** Load code and have it compiled; they count for neither. */
const WARM_UP_TURNS = 5;
const TOPIC = 'device/image/request';

export async function measureDrain({ scope, rounds, say }: Bench): Promise<readonly Row[]> {
  say('drain');
  const broker = await startMosquitto(scope);
  const clock = createSystemClock();
  const log = createLog({ level: 'warn', format: 'json', journald: false, write: say });
  const outbox = await openStore(await scope.folder(), clock, log);
  scope.defer(() => outbox.close());
  const link = await openLink(scope, clock, broker.url);
  const bare = await connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
  scope.defer(() => bare.endAsync(true));
  const drained: number[] = [];
  const sent: number[] = [];
  const ratios: number[] = [];
  // In turn and compared in pairs, so that a machine that is busy for a while is so for both.
  for (let turn = 0; turn < WARM_UP_TURNS + TURNS[rounds]; turn += 1) {
    await fill(outbox);
    const ours = await drainAll({ clock, log, outbox, link });
    const theirs = await sendBare(bare);
    if (turn < WARM_UP_TURNS) continue;
    drained.push(ours / BACKLOG);
    sent.push(theirs / BACKLOG);
    ratios.push(theirs / ours);
  }
  return [
    row('drain, each request of 128000 bytes', 'ms', drained),
    row('bare MQTT.js, one in flight, the same', 'ms', sent),
    row('rate of the drain against the bare client', 'times', ratios),
  ];
}

async function openStore(directory: string, clock: Clock, log: Log): Promise<Outbox> {
  const opened = await openOutbox({
    ...{ directory, clock, log, clockSynchronised: () => true },
    searchPath: process.env['PATH'] ?? '/usr/bin:/bin',
    bounds: { maxEntries: -1, maxBytes: -1, maxAgeSeconds: 0, minFreeBytes: 0, whenFull: 'dropNewest' },
    run: createRunProcess({ clock, kill: (pid, signal) => process.kill(pid, signal) }),
  });
  if (opened.kind !== 'open') throw new Error(`Cannot measure the drain: the outbox is ${opened.kind}`);
  return opened.outbox;
}

async function openLink(scope: Scope, clock: Clock, url: string): Promise<Link> {
  const open = createOpenLink(
    {
      ...{ url, clientId: 'bench-drain', tls: {}, protocol: 5, filters: [], keepaliveSeconds: 60 },
      ...{ sessionExpirySeconds: 0, connectTimeoutSeconds: 10, ackTimeoutSeconds: 20 },
    },
    { clock, onMessage: () => undefined },
  );
  const opened = await open(new AbortController().signal);
  if (opened.kind !== 'open') throw new Error(`Cannot measure the drain: ${opened.problem.detail}`);
  scope.defer(() => opened.link.close());
  return opened.link;
}

async function fill(outbox: Outbox): Promise<void> {
  const random = createRandom();
  const payload = Buffer.alloc(PAYLOAD_BYTES, 'A'); // one for all: to clear away so many would be a part of the drain's time
  for (let at = 0; at < BACKLOG; at += 1) {
    const request: Request = {
      ...{ requestId: random.uuid(), payload },
      ...{ contentType: 'application/json', capturedAt: '2031-05-06T07:08:09.010Z' },
    };
    const added = await outbox.add(request, { online: true });
    if (added.kind !== 'stored') throw new Error(`Cannot measure the drain: an add was ${added.kind}`);
  }
}

/** Milliseconds until the outbox is empty. */
async function drainAll(parts: { clock: Clock; log: Log; outbox: Outbox; link: Link }): Promise<number> {
  const over = new AbortController();
  let left = BACKLOG;
  const drain = createDrain({
    ...parts,
    pace: { drainPerSecond: 0 },
    messageOf: ({ payload }) => ({ topic: TOPIC, payload, qos: 1, retain: false }),
    onSending: () => undefined,
    onDelivered: () => {
      left -= 1;
      if (left === 0) over.abort();
    },
  });
  const started = process.hrtime.bigint();
  await drain.run(parts.link, over.signal);
  return millisecondsSince(started);
}

async function sendBare(client: MqttClient): Promise<number> {
  const payload = Buffer.alloc(PAYLOAD_BYTES, 'A');
  const started = process.hrtime.bigint();
  for (let at = 0; at < BACKLOG; at += 1) await client.publishAsync(TOPIC, payload, { qos: 1 });
  return millisecondsSince(started);
}
