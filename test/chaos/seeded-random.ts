// Random numbers that one printed seed gives again (mulberry32); nothing secret comes of them.

export interface SeededRandom {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** A whole number, both ends included. */
  between(least: number, most: number): number;
}

export function createSeededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { fraction, between: (least, most) => least + Math.floor(fraction() * (most - least + 1)) };
}
