// Remembers how the way to the broker is: online, or offline since when and why. It opens and closes nothing.
import type { LinkFault, LinkProblem } from '../domain.ts';
import type { Clock } from '../support/clock.ts';

/** `sinceMs` is monotonic; `fault` is that of the latest failure. */
export type Way =
  | { readonly kind: 'online' }
  | { readonly kind: 'offline'; readonly sinceMs: number; readonly fault?: LinkFault };

export interface WayMemory {
  now(): Way;
  online(): void;
  offline(): void;
  readonly failed: (problem: LinkProblem) => void;
}

export function createWayMemory(clock: Clock, onChange: () => void = () => undefined): WayMemory {
  let way: Way = { kind: 'offline', sinceMs: clock.monotonicMs() };
  const set = (next: Way): void => {
    way = next;
    onChange();
  };
  return {
    now: () => way,
    online: () => {
      set({ kind: 'online' });
    },
    offline: () => {
      set({ kind: 'offline', sinceMs: clock.monotonicMs() });
    },
    failed: ({ fault }) => {
      if (way.kind === 'offline') set({ ...way, fault });
    },
  };
}
