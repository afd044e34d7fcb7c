// Preloaded into a daemon by a test: durations and timers run ten times as fast there; dates and the others' clocks do not.

const SPEED = 10;
const slowNow = performance.now.bind(performance);
const slowTimeout = globalThis.setTimeout;

Object.defineProperty(performance, 'now', { value: () => slowNow() * SPEED });
Object.defineProperty(globalThis, 'setTimeout', {
  value: (action: () => void, ms = 0) => slowTimeout(action, ms / SPEED),
});
