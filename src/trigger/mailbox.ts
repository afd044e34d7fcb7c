// Where admitted triggers wait for the camera, so that the broker's callback never does. Bounded; it takes no picture.
import type { Trigger } from '../domain.ts';
import { createWakeup } from '../support/wakeup.ts';

export type Burst = 'coalesce' | 'queue' | 'reject';

export interface Mailbox {
  put(trigger: Trigger): 'waiting' | 'busy';
  /** The triggers that the next capture answers; empty when the signal aborts. Taking again ends the last capture. */
  take(signal: AbortSignal): Promise<readonly Trigger[]>;
  /** Takes out whatever still waits. */
  clear(): readonly Trigger[];
}

// One capture answers all that wait, so this bounds memory only: a flood's ids and reply addresses.
export const COALESCED_MAX = 1000;

export function createMailbox(policy: { readonly burst: Burst; readonly maxWaiting: number }): Mailbox {
  let waiting: Trigger[] = [];
  let capturing = false;
  const wakeup = createWakeup();
  const room = (): boolean => {
    switch (policy.burst) {
      case 'coalesce':
        return waiting.length < COALESCED_MAX;
      case 'queue':
        return waiting.length < policy.maxWaiting;
      case 'reject':
        return !capturing && waiting.length === 0;
    }
  };
  return {
    put(trigger) {
      if (!room()) return 'busy';
      waiting.push(trigger);
      wakeup.wake();
      return 'waiting';
    },
    async take(signal) {
      capturing = false;
      while (waiting.length === 0 && !signal.aborted) await wakeup.wait(signal);
      if (signal.aborted) return [];
      capturing = true;
      return waiting.splice(0, policy.burst === 'coalesce' ? waiting.length : 1);
    },
    clear() {
      const left = waiting;
      waiting = [];
      return left;
    },
  };
}
