// Waits until the configuration's files have changed and are at rest again; it reads and applies none of them.
import { isAborted } from '../../support/abort.ts';
import { sleep, type Clock } from '../../support/clock.ts';
import { createWakeup, waitAtMost } from '../../support/wakeup.ts';
import { watchFolders } from '../../support/watch-files.ts';
import { scanTree, type Scan } from './scan.ts';

export interface TreeWatch {
  /** The files as they lie there after the next change, or at once after `look`. `undefined` when the signal aborts. */
  next(known: Scan, signal: AbortSignal): Promise<Settled | undefined>;
  /** Somebody asks for the files to be read now. */
  look(): void;
  /** Somebody has asked since, and waits. */
  isAsked(): boolean;
  close(): void;
}

export interface Settled {
  readonly scan: Scan;
  /** Somebody asked for it; the files may be the known ones. */
  readonly asked: boolean;
}

export interface WatchTimes {
  /** The files have to be at rest this long. */
  readonly quietMs: number;
  /** And this long where somebody asks: longer than the steps of the kernel's file times (4 ms, 10 ms on old ones). */
  readonly askedQuietMs: number;
  /** Between looks without a sign of change: a watch may be refused, and is blind on a network file system. */
  readonly rescanMs: number;
}

interface TreeWatchDeps {
  readonly clock: Clock;
  readonly paths: readonly string[];
  readonly times: WatchTimes;
}

export const WATCH_TIMES: WatchTimes = Object.freeze({ quietMs: 2000, askedQuietMs: 100, rescanMs: 60_000 });

export function createTreeWatch({ clock, paths, times }: TreeWatchDeps): TreeWatch {
  const wakeup = createWakeup();
  let asked = false;
  const watch = watchFolders(() => {
    wakeup.wake();
  });
  const scan = async (): Promise<Scan> => {
    const seen = await scanTree(paths);
    watch.set(seen.folders);
    return seen;
  };

  /** As long as somebody writes, nothing is read: half a delivery that goes on has no end that we could set. */
  const settled = async (signal: AbortSignal): Promise<Scan> => {
    let before = await scan();
    while (!isAborted(signal)) {
      await sleep(clock, asked ? times.askedQuietMs : times.quietMs, signal);
      const after = await scan();
      if (after.identity === before.identity && after.generation === before.generation) break;
      before = after;
    }
    return before;
  };

  return {
    async next(known, signal) {
      await scan(); // sets the watch: what changes between a first look and its watch would be seen a minute later
      const hasChanged = async (): Promise<boolean> => asked || (await scan()).identity !== known.identity;
      for (let changed = await hasChanged(); !changed;) {
        await waitAtMost(wakeup, { clock, ms: times.rescanMs }, signal);
        if (isAborted(signal)) return undefined;
        changed = await hasChanged();
        // Temporary files of a delivery wake us many times a second; between looks there is a pause.
        if (!changed) await sleep(clock, Math.min(times.quietMs, LOOK_INTERVAL_MS), signal);
      }
      const seen = await settled(signal);
      const wasAsked = asked;
      asked = false;
      return isAborted(signal) ? undefined : { scan: seen, asked: wasAsked };
    },
    look() {
      asked = true;
      wakeup.wake();
    },
    isAsked: () => asked,
    close() {
      watch.close();
    },
  };
}

const LOOK_INTERVAL_MS = 250;
