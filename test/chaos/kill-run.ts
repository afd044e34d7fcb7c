// Kills a daemon with SIGKILL again and again at random moments while it takes, stores and sends; then all must be found.
import { setTimeout } from 'node:timers/promises';
import type { Daemon } from '../helpers/daemon.ts';
import { Scope } from '../helpers/scope.ts';
import type { Verdict } from '../oracle/conservation.ts';
import { setStage, type Stage } from './stage.ts';
import { createSeededRandom, type SeededRandom } from './seeded-random.ts';

export interface KillRun {
  readonly seed: number;
  readonly kills: number;
  readonly protocol: 4 | 5;
}

export interface KillRunOutcome {
  readonly verdict: Verdict;
  readonly brokerKills: number;
}

// Node needs about a third of a second to say daemon.ready; a kill before that meets the opening of the outbox.
const START_MS_MAX = 400;
const STORED_MAX = 4;
// After the last of them: the next picture, its way to the disk, and the sending of those before.
const LIFE_MS_MAX = 80;
// Seldom enough that now and then nothing is in flight, often enough that mostly something is.
const TRIGGER_EVERY_MS_MAX = 100;
const START_SHARE = 0.15;
const BROKER_KILL_SHARE = 0.1;
// A network that died first: what the daemon then believes to have sent is nowhere.
const DEAD_NETWORK_SHARE = 0.3;
// Holds the window between PUBLISH and the removal of the entry open for longer than on loopback.
const PUBACK_MS = 15;

/** Everything random comes of the seed; what the machine does meanwhile does not. */
export async function runKills({ seed, kills, protocol }: KillRun): Promise<KillRunOutcome> {
  const scope = new Scope();
  const random = createSeededRandom(seed);
  try {
    const stage = await setStage(scope, {
      modes: { latePubackMs: PUBACK_MS },
      settings: { 'mqtt.protocol': protocol },
    });
    let brokerKills = 0;
    for (let kill = 1; kill <= kills; kill += 1) {
      const withBroker = random.fraction() < BROKER_KILL_SHARE;
      await liveAndDie(stage, random, withBroker);
      if (withBroker) {
        await stage.oracle.start();
        brokerKills += 1;
      }
      await stage.look();
    }
    await stage.begin().waitFor('broker.connected');
    await stage.drained();
    return { verdict: await stage.verdict(kills), brokerKills };
  } finally {
    await scope.end();
  }
}

/** One life of the daemon, cut off somewhere; `withBroker` takes the broker away a moment before. */
async function liveAndDie(stage: Stage, random: SeededRandom, withBroker: boolean): Promise<void> {
  const daemon = stage.begin();
  if (random.fraction() < START_SHARE) {
    await setTimeout(random.between(0, START_MS_MAX));
    if (withBroker) await stage.oracle.kill();
    await daemon.kill9();
    return;
  }
  await daemon.waitFor('daemon.ready');
  const triggering = new AbortController();
  const triggers = trigger(daemon, random, triggering.signal);
  await daemon.waitFor('request.stored', random.between(1, STORED_MAX));
  await setTimeout(random.between(0, LIFE_MS_MAX));
  if (random.fraction() < DEAD_NETWORK_SHARE) {
    stage.proxy.mode = 'blackhole';
    await daemon.waitFor('request.stored', daemon.of('request.stored').length + 1);
    await setTimeout(random.between(0, LIFE_MS_MAX));
  }
  if (withBroker) await stage.oracle.kill();
  await daemon.kill9();
  stage.proxy.mode = 'pass';
  triggering.abort();
  await triggers;
}

async function trigger(daemon: Daemon, random: SeededRandom, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    daemon.signal('SIGUSR1');
    await setTimeout(random.between(1, TRIGGER_EVERY_MS_MAX));
  }
}
