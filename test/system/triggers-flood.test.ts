// Ten thousand triggers a second against the daemon through a real mosquitto: what it still does, and what it costs.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createHome, startDaemon, storedIds, type Daemon, type Home, type Line } from '../helpers/daemon.ts';
import { runChild, startChild } from '../helpers/child.ts';
import { startMosquitto, type Mosquitto } from '../helpers/mosquitto.ts';
import { publish, subscribe } from '../helpers/mqtt-peer.ts';
import { unitEnvironment } from '../helpers/unit-environment.ts';
import { Scope } from '../helpers/scope.ts';
import { json, OUTCOME, quick, TRIGGER, type Json, type Settings } from './settings.ts';

const isLong = process.env['SHUTTERD_TEST_LONG'] === '1';
const SECONDS = isLong ? 60 : 3;
/**
 * The promise is for the default, 60 s. With 1 s mosquitto also drops a daemon that the machine did not let run for some
 * seconds, which says nothing about the program; so that is for the long run, on a machine that does nothing else.
 */
const KEEPALIVE_SECONDS = isLong ? 1 : 5;
/**
 * Both promises are for a minute on a machine that does nothing else: beside other work the scheduler's pauses count as lag
 * and what piles up in them as memory, so the short run judges the books alone.
 */
const LAG_P99_MS_MAX = 200;
const RSS_KB_MAX = 150 * 1024;
// Each is a process, some hundredths of a second.
const PROBES_MAX = 1000;
const unit = unitEnvironment();
const LOADER = fileURLToPath(new URL('./flood-loader.js', import.meta.url));
const HOOK = new URL('./loop-delay-hook.js', import.meta.url).href;

interface Flood {
  readonly kind: 'empty' | 'named' | 'malformed' | 'large';
  readonly perSecond: number;
  readonly settings?: Settings;
}

const FLOODS: readonly Flood[] = [
  { kind: 'empty', perSecond: 10_000 },
  { kind: 'named', perSecond: 10_000, settings: { 'trigger.burst': 'queue' } },
  { kind: 'malformed', perSecond: 10_000 },
  { kind: 'large', perSecond: 500, settings: { 'trigger.burst': 'reject' } },
];

describe('shutterd run under a flood', function () {
  this.timeout(SECONDS * 1000 + 40_000);
  const scope = new Scope();
  let broker: Mosquitto;
  beforeEach(async () => {
    broker = await startMosquitto(scope, { lines: ['log_type none', 'log_type information'] });
  });
  afterEach(() => scope.end());

  for (const { kind, perSecond, settings = {} } of FLOODS) {
    it(`of ${perSecond} ${kind} triggers a second stays up, and its books balance${isLong ? ', small and quick' : ''}`, async () => {
      const keepalive = { 'mqtt.keepaliveSeconds': KEEPALIVE_SECONDS };
      const home = await createHome(scope, quick(broker.url, { ...keepalive, ...settings }), {
        // As the service runs it: left to itself V8 lets garbage lie where a machine has gigabytes, 185 MB.
        ...unit,
        NODE_OPTIONS: `${unit['NODE_OPTIONS'] ?? ''} --import=${HOOK}`,
      });
      const daemon = startDaemon(scope, home);
      await daemon.waitFor('broker.connected');
      daemon.signal('SIGUSR2');
      const load = [String(broker.port), TRIGGER, kind, String(perSecond), String(SECONDS)];
      const ran = await runChild(scope, { file: process.execPath, args: [LOADER, ...load] });
      const { sent } = JSON.parse(ran.out) as { sent: number };
      await answersStill(scope, broker);
      const rssKb = await peakRssKb(daemon);
      // Silence: what still waits gets its picture, and the last summaries come.
      await startChild(scope, { file: 'sleep', args: ['2.5'] }).ended;
      await checkEnd(daemon, home, sent);
      if (isLong) assert.ok(rssKb < RSS_KB_MAX, `${rssKb} KiB`);
    });
  }

  /** The flood is over and its outcomes are told: a trigger with a name gets its picture, and hears of it. */
  const answersStill = async (scoped: Scope, { port }: Mosquitto): Promise<void> => {
    const peer = await subscribe(scoped, port, { topics: [OUTCOME] });
    for (let attempt = 0; attempt < PROBES_MAX; attempt += 1) {
      await publish(scoped, port, { topic: TRIGGER, payload: `{"request_id":"probe-${attempt}"}` });
      const heard = peer.on(OUTCOME).map(({ payload }) => json(payload));
      const isAnswer = ({ trigger_id: id, outcome }: Json): boolean =>
        String(id).startsWith('probe-') && outcome === 'accepted';
      if (heard.some(isAnswer)) return;
    }
    assert.fail('no probe was accepted');
  };
});

async function checkEnd(daemon: Daemon, home: Home, sent: number): Promise<void> {
  assert.deepEqual(daemon.of('broker.lost'), [], 'the keep-alive did not survive');
  assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
  const loop = JSON.parse(daemon.errors.all.join('').replace('loop delay ', '')) as { p99: number };
  const stored = daemon.of('request.stored').length;
  const ignored = total(daemon.of('trigger.ignored'));
  if (isLong) {
    const refused = daemon.of('request.dropped').length;
    const counts = { sent, accepted: accepted(daemon), ignored, stored, refused };
    process.stdout.write(`${JSON.stringify({ ...counts, ...loop })}\n`);
  }
  if (isLong) assert.ok(loop.p99 < LAG_P99_MS_MAX, JSON.stringify(loop));
  const taken = accepted(daemon) + ignored;
  assert.ok(taken > sent / 10 && taken <= sent + PROBES_MAX, `${taken} of ${sent}`);
  // Each accepted trigger is in one stored request, or in one that a full outbox refused (what is drawn is drawn faster
  // than a busy machine's disk takes it); each stored request is acknowledged or still there.
  assert.equal(answered(daemon, 'request.stored', 'request.dropped'), accepted(daemon));
  assert.deepEqual([...daemon.of('capture.failed'), ...daemon.of('image.unfit')], []);
  const refused = daemon.of('request.dropped');
  assert.ok(refused.every(({ accepted: was, reason }) => was === false && reason === 'outboxFull'));
  assert.equal(stored, daemon.of('request.acknowledged').length + (await storedIds(home)).length);
  // The first few lines and the last, and one summary a second between.
  for (const event of ['trigger.accepted', 'trigger.ignored']) {
    const lines = daemon.of(event).length;
    assert.ok(lines <= 10 + 3 * SECONDS + PROBES_MAX, `${lines} lines of ${event}`);
  }
}

function accepted(daemon: Daemon): number {
  return total(daemon.of('trigger.accepted'));
}

/** Triggers that a line of one of these events is the end of. */
function answered(daemon: Daemon, ...events: readonly string[]): number {
  const lines = events.flatMap((event) => daemon.of(event));
  return lines.reduce((sum, line) => sum + Number(line['triggers']), 0);
}

/** Of single lines and summaries. */
function total(lines: readonly Line[]): number {
  return lines.reduce((sum, line) => sum + Number(line['count'] ?? 1), 0);
}

async function peakRssKb({ pid }: Daemon): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
}
