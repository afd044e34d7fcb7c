// Knows whether the wall clock is synchronised: a Pi has no clock chip and boots with a wrong time. It sets nothing.
import { sleep, type Clock } from './clock.ts';
import { pathKind } from './files.ts';
import type { RunProcess } from './run-process.ts';

export interface ClockSync {
  synchronised(): boolean;
  /** Looks again every so often until the signal aborts. */
  watch(signal: AbortSignal): Promise<void>;
  /** Looks once. */
  look(): Promise<void>;
  /** Resolves when the clock is synchronised or the signal aborts; looks often, for somebody waits. */
  untilSynchronised(signal: AbortSignal): Promise<void>;
}

// systemd-timesyncd makes this file at its first synchronisation (systemd-timesyncd.service(8)).
const TIMESYNCD_FLAG = '/run/systemd/timesync/synchronized';
const LOOK_INTERVAL_MS = 60_000;
const EAGER_INTERVAL_MS = 5000;
const TIMEDATECTL_DEADLINE_MS = 5000;

export function createClockSync(deps: { clock: Clock; run: RunProcess; searchPath: string }): ClockSync {
  let synchronised = false;
  const look = async (): Promise<void> => {
    synchronised = (await pathKind(TIMESYNCD_FLAG)) === 'file' || (await kernelSaysSo(deps));
  };
  return {
    synchronised: () => synchronised,
    look,
    async watch(signal) {
      while ((await sleep(deps.clock, LOOK_INTERVAL_MS, signal)) === 'elapsed') await look();
    },
    async untilSynchronised(signal) {
      while (!synchronised && (await sleep(deps.clock, EAGER_INTERVAL_MS, signal)) === 'elapsed')
        await look();
    },
  };
}

/** For chrony, ntpd and others: the kernel's own flag, which timedatectl reads. */
async function kernelSaysSo(deps: { run: RunProcess; searchPath: string }): Promise<boolean> {
  const ran = await deps.run({
    file: 'timedatectl',
    args: ['show', '--property=NTPSynchronized', '--value'],
    env: { PATH: deps.searchPath, LC_ALL: 'C' },
    deadlineMs: TIMEDATECTL_DEADLINE_MS,
  });
  return ran.kind === 'exited' && ran.stdout.trim() === 'yes';
}
