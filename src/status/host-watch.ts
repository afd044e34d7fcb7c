// Follows power and heat as a Raspberry Pi's firmware tells them, as one lasting state; it cools nothing.
import { isAborted } from '../support/abort.ts';
import { sleep, type Clock } from '../support/clock.ts';
import type { Log } from '../support/log.ts';
import { decodeThrottled, THROTTLING, type Throttling } from '../support/throttled.ts';

export interface HostWatch {
  /** Whether power or heat hold the machine back now, or did a minute ago. */
  throttled(): boolean;
  /** Until the signal aborts; ends at once on a machine whose firmware says nothing. */
  watch(signal: AbortSignal): Promise<void>;
}

export interface HostWatchDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** The firmware's bits; `undefined` where there are none. */
  readonly read: () => Promise<number | undefined>;
}

const LOOK_INTERVAL_MS = 10_000;
// Under-voltage comes and goes with the load: one dip after another is one state.
const QUIET_MS = 60_000;

export function createHostWatch({ clock, log, read }: HostWatchDeps): HostWatch {
  let causes: readonly Throttling[] = [];
  let before: readonly Throttling[] = [];
  let lastMs = 0;
  const look = (bits: number): void => {
    const { now, sinceBoot } = decodeThrottled(bits);
    // A dip between two looks shows in the bits that stay.
    const found = THROTTLING.filter(
      (each) => now.includes(each) || (sinceBoot.includes(each) && !before.includes(each)),
    );
    before = sinceBoot;
    if (found.length > 0) lastMs = clock.monotonicMs();
    const news = found.filter((each) => !causes.includes(each));
    if (news.length > 0) {
      causes = THROTTLING.filter((each) => causes.includes(each) || found.includes(each));
      log.warn('host.throttled', { state: 'began', causes, bits: hex(bits), remedy: remedyFor(causes) });
    } else if (causes.length > 0 && clock.monotonicMs() - lastMs >= QUIET_MS) {
      log.info('host.throttled', { state: 'over', causes, bits: hex(bits) });
      causes = [];
    }
  };
  return {
    throttled: () => causes.length > 0,
    async watch(signal) {
      while (!isAborted(signal)) {
        const bits = await read();
        if (bits === undefined) return;
        look(bits);
        await sleep(clock, LOOK_INTERVAL_MS, signal);
      }
    },
  };
}

function hex(bits: number): string {
  return `0x${bits.toString(16)}`;
}

function remedyFor(causes: readonly Throttling[]): string {
  const power = 'power: the supply made for this Pi (5.1 V, 3 A), a short cable, fewer loads on USB';
  const heat = 'heat: air, a heat sink or fan, no sun; image.whenThrottled: smaller makes less of it';
  const isPower = causes.includes('underVoltage');
  const isHeat = causes.some((cause) => cause !== 'underVoltage');
  return [...(isPower ? [power] : []), ...(isHeat ? [heat] : [])].join('; ');
}
