// Knows which stages are at work and until when each has to be over; it judges, and ends none of them.
import type { Clock } from './clock.ts';

export interface Overdue {
  readonly stage: string;
  /** Since the deadline. */
  readonly overdueMs: number;
}

export interface StageWatch {
  /** Work begins that is over within `deadlineMs`; the returned function says that it is, and is harmless twice. */
  begin(stage: string, deadlineMs: number): () => void;
  /** The work that is longest beyond its deadline and the grace; `undefined` where all is well. */
  overdue(): Overdue | undefined;
}

// Stages keep their deadlines themselves, by timers that a busy machine fires late, and then clear up.
const GRACE_MS = 10_000;

export function createStageWatch(clock: Clock, graceMs = GRACE_MS): StageWatch {
  const atWork = new Set<{ readonly stage: string; readonly dueMs: number }>();
  return {
    begin(stage, deadlineMs) {
      const work = { stage, dueMs: clock.monotonicMs() + deadlineMs };
      atWork.add(work);
      return () => {
        atWork.delete(work);
      };
    },
    overdue() {
      const [worst] = [...atWork].sort((a, b) => a.dueMs - b.dueMs);
      if (worst === undefined) return undefined;
      const overdueMs = clock.monotonicMs() - worst.dueMs;
      return overdueMs > graceMs ? { stage: worst.stage, overdueMs } : undefined;
    },
  };
}

/** Watches `work` from its start to its end, whichever way it ends. */
export async function watched<T>(
  watch: StageWatch,
  { stage, deadlineMs }: { readonly stage: string; readonly deadlineMs: number },
  work: () => Promise<T>,
): Promise<T> {
  const end = watch.begin(stage, deadlineMs);
  try {
    return await work();
  } finally {
    end();
  }
}
