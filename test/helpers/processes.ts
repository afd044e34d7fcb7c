// Looks at processes that a test left to others to end; it ends none itself.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

const LOOKS_MAX = 1000;
const LOOK_INTERVAL_MS = 5;

/** Waits until the process has ended; fails where it stays. */
export async function untilProcessGone(pid: number): Promise<void> {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    if (!processRuns(pid)) return;
    await setTimeout(LOOK_INTERVAL_MS);
  }
  assert.fail(`process ${pid} is still there`);
}

/** False also for a zombie: it has ended, only nobody has asked how. */
export function processRuns(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false; // no such folder in /proc: no such process
  }
}
