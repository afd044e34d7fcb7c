// Remembers keys for a while, at most so many; the oldest go first. Time is monotonic, so a clock jump forgets nothing.
import type { Clock } from './clock.ts';

export interface Recent {
  add(key: string): void;
  has(key: string): boolean;
}

export function createRecent(options: { clock: Clock; windowMs: number; max: number }): Recent {
  const { clock, windowMs, max } = options;
  const addedMs = new Map<string, number>();
  return {
    add(key) {
      addedMs.delete(key); // so that it moves to the young end
      addedMs.set(key, clock.monotonicMs());
      for (const oldest of addedMs.keys()) {
        if (addedMs.size <= max) break;
        addedMs.delete(oldest);
      }
    },
    has(key) {
      const added = addedMs.get(key);
      return added !== undefined && clock.monotonicMs() - added <= windowMs;
    },
  };
}
