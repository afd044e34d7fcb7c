// Whether the wall clock is right, and what hangs on it; it sets nothing.
import { createClockSync } from '../support/clock-sync.ts';
import { findingsOf, type Finding } from './finding.ts';
import type { Surroundings } from './surroundings.ts';

const { ok, warn, fail } = findingsOf('clock');

/** Before this program was written: the clock has never been set since the boot. */
const FIRST_YEAR = 2025;

export async function clockIsSynchronised({ clock, run, searchPath }: Surroundings): Promise<boolean> {
  const sync = createClockSync({ clock, run, searchPath });
  await sync.look();
  return sync.synchronised();
}

export function judgeClock(now: Date, synchronised: boolean): Finding {
  const shown = now.toISOString();
  if (synchronised) return ok(`synchronised, ${shown}`);
  if (now.getUTCFullYear() < FIRST_YEAR)
    return fail(`not set: it says ${shown}, and every certificate fails by its dates`, REMEDY);
  return warn(
    `not synchronised, it says ${shown}: certificates, the age of triggers and the times in requests hang on it`,
    REMEDY,
  );
}

const REMEDY = 'run: sudo timedatectl set-ntp true, and allow this machine a time server (UDP 123)';
