// A thousand devices that lose one broker at once, on a clock that jumps from event to event; it opens no socket.
import { setMaxListeners } from 'node:events';
import { keepConnected, type ConnectionPolicy } from '../../src/delivery/connection.ts';
import type { OpenOutcome, Random } from '../../src/domain.ts';
import { createFakeClock } from '../../test/helpers/fake-clock.ts';
import { createFakeLink, problemOf, type FakeLink } from '../../test/helpers/fake-link.ts';
import { createRecordingLog } from '../../test/helpers/recording-log.ts';

export interface FleetScene {
  readonly policy: ConnectionPolicy;
  readonly clients: number;
  /** Nobody listens for so long after the loss. */
  readonly downSeconds: number;
  /** What the broker takes in one second; the rest is told that it is busy. */
  readonly acceptedPerSecond: number;
}

export interface FleetOutcome {
  /** The most attempts in any one second. */
  readonly peakPerSecond: number;
  readonly attempts: number;
  /** When the last client was back, counted from the loss. */
  readonly allBackSeconds: number;
}

export const OURS: ConnectionPolicy = {
  ...{ baseSeconds: 1, maxSeconds: 32, jitter: 'full', spreadSeconds: 5, stableSeconds: 20 },
};
export const FIXED: ConnectionPolicy = { ...OURS, maxSeconds: 1, jitter: 'none', spreadSeconds: 0 };
export const DOUBLING: ConnectionPolicy = { ...OURS, jitter: 'none', spreadSeconds: 0 };

// A policy that brings nobody back by then has failed.
const SIMULATED_SECONDS_MAX = 3600;
// Long enough for a stable link on every device.
const UP_SECONDS = 60;

/** Every client runs the daemon's own connection loop. */
export async function simulateRestart(scene: FleetScene, random: Random): Promise<FleetOutcome> {
  const clock = createFakeClock();
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // one for each client
  const first: FakeLink[] = [];
  const attemptsAt = new Map<number, number>();
  const acceptedAt = new Map<number, number>();
  let lost = false;
  let back = 0;
  const openLink = (): Promise<OpenOutcome> => {
    const second = Math.floor(clock.monotonicMs() / 1000) - UP_SECONDS;
    if (!lost) {
      const link = createFakeLink();
      first.push(link);
      return Promise.resolve({ kind: 'open', link });
    }
    count(attemptsAt, second);
    if (second < scene.downSeconds) return Promise.resolve(refused('refusedConnection'));
    if (count(acceptedAt, second) > scene.acceptedPerSecond) return Promise.resolve(refused('serverBusy'));
    back += 1;
    return Promise.resolve({ kind: 'open', link: createFakeLink() });
  };
  const nobody = { onOnline: () => undefined, onOffline: () => undefined };
  const log = createRecordingLog();
  const running = Array.from({ length: scene.clients }, () =>
    keepConnected({ openLink, clock, random, log, policy: scene.policy, ...nobody }, stopping.signal),
  );
  await clock.advance(UP_SECONDS * 1000);
  lost = true;
  const lostMs = clock.monotonicMs();
  for (const link of first) link.end('network');
  while (back < scene.clients && clock.monotonicMs() < SIMULATED_SECONDS_MAX * 1000) {
    await clock.advance(1000);
  }
  stopping.abort();
  await Promise.all(running);
  return {
    peakPerSecond: Math.max(...attemptsAt.values()),
    attempts: [...attemptsAt.values()].reduce((sum, attempts) => sum + attempts, 0),
    allBackSeconds: (clock.monotonicMs() - lostMs) / 1000,
  };
}

function count(counts: Map<number, number>, second: number): number {
  const next = (counts.get(second) ?? 0) + 1;
  counts.set(second, next);
  return next;
}

function refused(fault: 'refusedConnection' | 'serverBusy'): OpenOutcome {
  return { kind: 'failed', problem: problemOf(fault) };
}
