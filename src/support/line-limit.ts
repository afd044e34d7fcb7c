// Holds a flood of like log lines to one summary a second: the first few are lines of their own. It drops no count.
import type { Clock } from './clock.ts';

export interface LineLimit {
  /** `word` is what the summary counts by; `line` is called now, or never where the summary stands for it. */
  note(word: string, line: () => void): void;
  /** Everything noted so far, by word, told or not. */
  totals(): Readonly<Record<string, number>>;
  /** Tells what the next summary would; for the end. */
  flush(): void;
}

export interface LineLimitOptions {
  readonly clock: Clock;
  readonly onSummary: (summary: {
    readonly count: number;
    readonly byWord: Readonly<Record<string, number>>;
  }) => void;
}

// A person who tries things out sees each line; nobody reads more in a second.
const SINGLE_LINES_MAX = 10;
const SUMMARY_INTERVAL_MS = 1000;

export function createLineLimit({ clock, onSummary }: LineLimitOptions): LineLimit {
  const totals = new Map<string, number>();
  let untold = new Map<string, number>();
  let singlesLeft = SINGLE_LINES_MAX;
  let cancel: (() => void) | undefined;

  const summarise = (): void => {
    const byWord = Object.fromEntries(untold);
    untold = new Map();
    const count = Object.values(byWord).reduce((sum, some) => sum + some, 0);
    if (count > 0) onSummary({ count, byWord });
    // A flood that goes on has its summaries alone; single lines are back after a second without one.
    singlesLeft = count > 0 ? 0 : SINGLE_LINES_MAX;
    cancel = count > 0 ? clock.timer(SUMMARY_INTERVAL_MS, summarise) : undefined;
  };

  return {
    note(word, line) {
      count(totals, word);
      cancel ??= clock.timer(SUMMARY_INTERVAL_MS, summarise);
      if (singlesLeft > 0) {
        singlesLeft -= 1;
        line();
      } else count(untold, word);
    },
    totals: () => Object.fromEntries(totals),
    flush() {
      cancel?.();
      summarise();
      cancel?.();
      cancel = undefined;
    },
  };
}

function count(counts: Map<string, number>, word: string): void {
  counts.set(word, (counts.get(word) ?? 0) + 1);
}
