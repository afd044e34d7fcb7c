// Knows whether the camera is lost, and says so once when that begins and once when it ends. It takes no picture.
import type { CaptureCause, CaptureFailure, CaptureOutcome } from '../domain.ts';
import { isAborted } from '../support/abort.ts';
import { sleep, type Clock } from '../support/clock.ts';
import type { Log } from '../support/log.ts';
import { createWakeup } from '../support/wakeup.ts';
import type { FoundDevice } from './find-device.ts';

export interface CameraWatch {
  /**
   * Every capture's outcome, except of those that were called off. `known`: a failure of a camera that is lost, whose
   * cause an earlier capture has said.
   */
  captured(outcome: CaptureOutcome): 'news' | 'known';
  /** Looks for a camera that can be unplugged: once at the start, then only while it is lost. Ends at the abort. */
  watch(signal: AbortSignal): Promise<void>;
}

export interface CameraWatchOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly camera: { readonly driver: string; readonly device: string };
  /** Absent where there is nothing that could be unplugged: a file, a URL, a test picture. */
  readonly find?: (() => Promise<FoundDevice>) | undefined;
}

export function createCameraWatch({ clock, log, camera, find }: CameraWatchOptions): CameraWatch {
  const wakeup = createWakeup();
  let failures = 0;
  let lost: Loss | undefined;

  /** `said`: what a capture has said of its failures by now. */
  function lose({ cause, detail, remedy }: CaptureFailure, said: readonly CaptureCause[]): void {
    lost = { sinceMs: clock.monotonicMs(), said: new Set(said), seen: undefined };
    log.error('camera.lost', { ...named(camera), cause, detail, remedy, failures });
    wakeup.wake();
  }

  function foundAgain(node?: string): void {
    if (lost === undefined) return;
    const lostSeconds = Math.round((clock.monotonicMs() - lost.sinceMs) / 1000);
    lost = undefined;
    failures = 0;
    log.info('camera.found', { ...named(camera), node, lostSeconds });
  }

  return {
    captured(outcome) {
      if (outcome.kind === 'captured') {
        failures = 0;
        foundAgain();
        return 'news';
      }
      failures += 1;
      if (lost !== undefined) return noteCause(lost, outcome.cause);
      if (failures >= FAILURES_TO_LOSE) lose(outcome, [outcome.cause]);
      return 'news';
    },
    async watch(signal) {
      if (find === undefined) return;
      const first = await find();
      if (first.kind === 'failed' && lost === undefined) lose(first, []);
      while (!isAborted(signal)) {
        if (lost === undefined) {
          await wakeup.wait(signal);
          continue;
        }
        await look(find);
        await sleep(clock, LOOK_INTERVAL_MS, signal);
      }
    },
  };

  /** A device that is there and fails is found by a good frame only; one that came or moved, by that. */
  async function look(findNow: () => Promise<FoundDevice>): Promise<void> {
    const found = await findNow();
    if (lost === undefined) return;
    const before = lost.seen;
    lost.seen = found.kind === 'found' ? found.node : ABSENT;
    if (before !== undefined && found.kind === 'found' && before !== found.node) foundAgain(found.node);
  }
}

interface Loss {
  readonly sinceMs: number;
  readonly said: Set<CaptureCause>;
  /** The node at the last look, or ABSENT; undefined before the first look. */
  seen: string | undefined;
}

function named({ driver, device }: CameraWatchOptions['camera']): CameraWatchOptions['camera'] {
  return { driver, device };
}

function noteCause({ said }: Loss, cause: CaptureCause): 'news' | 'known' {
  if (said.has(cause)) return 'known';
  said.add(cause);
  return 'news';
}

const ABSENT = '';

// One failure may be a loose moment of the bus, and the second its end; three in a row are a state, not an event.
const FAILURES_TO_LOSE = 3;
const LOOK_INTERVAL_MS = 5000;
