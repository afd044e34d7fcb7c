// Keeps systemd told while the daemon runs: its status line, and pings as long as no stage is overdue. It ends nothing.
import { isAborted } from '../support/abort.ts';
import { sleep, type Clock } from '../support/clock.ts';
import type { Log } from '../support/log.ts';
import type { SdNotify } from '../support/sd-notify.ts';
import type { Overdue } from '../support/stage-watch.ts';
import { createWakeup, type Wakeup } from '../support/wakeup.ts';

export interface ServiceLoop {
  /** The status line may say something new. */
  readonly changed: () => void;
  /** Until the signal aborts; from then on systemd counts the seconds of the stop. */
  run(signal: AbortSignal): Promise<void>;
}

export interface ServiceLoopDeps {
  readonly notify: SdNotify;
  readonly clock: Clock;
  readonly log: Log;
  readonly watchdogMs: number | undefined;
  readonly line: () => string;
  readonly overdue: () => Overdue | undefined;
}

// The line tells an age, which goes on by itself.
const LINE_MS = 60_000;
// A burst of pictures is one new line: each costs a process.
const CHANGE_MS_MIN = 5000;
// Later than asked by so much, we were stopped, or the machine was: what fell due meanwhile has its turn first.
const STALL_MS_MIN = 1000;
const REMEDY =
  'none by hand: without pings systemd starts the service again, and the outbox keeps what it holds; please report it';

export function createServiceLoop(deps: ServiceLoopDeps): ServiceLoop {
  const { notify, clock, watchdogMs } = deps;
  const wakeup = createWakeup();
  // Four in each period: the first may be late and the second in vain.
  const periodMs = watchdogMs === undefined ? LINE_MS : Math.min(LINE_MS, watchdogMs / 4);
  const pauseMs = Math.min(CHANGE_MS_MIN, periodMs / 2);
  const judge = createJudge(deps);
  return {
    changed: () => {
      wakeup.wake();
    },
    async run(signal) {
      let told = '';
      while (!isAborted(signal)) {
        const alive = judge() && watchdogMs !== undefined;
        const line = deps.line();
        if (alive || line !== told) notify.tell({ alive, ...(line === told ? {} : { status: line }) });
        told = line;
        const startedMs = clock.monotonicMs();
        await sleep(clock, pauseMs, signal);
        await wait(clock, { wakeup, ms: periodMs - pauseMs }, signal);
        const lateMs = clock.monotonicMs() - startedMs - periodMs;
        if (lateMs > STALL_MS_MIN) await sleep(clock, pauseMs, signal);
      }
    },
  };
}

/** `WATCHDOG_USEC`, where it is meant for this process (sd_watchdog_enabled(3)). */
export function watchdogMs(
  env: Readonly<Record<string, string | undefined>>,
  pid: number | undefined,
): number | undefined {
  const microseconds = Number(env['WATCHDOG_USEC'] ?? '');
  const { WATCHDOG_PID: meant = String(pid) } = env;
  return microseconds > 0 && meant === String(pid) ? microseconds / 1000 : undefined;
}

/** Whether all is well; says so once when that changes. */
function createJudge({ log, overdue }: ServiceLoopDeps): () => boolean {
  let stuck: string | undefined;
  return () => {
    const found = overdue();
    if (found !== undefined && found.stage !== stuck)
      log.error('daemon.stuck', {
        ...{ state: 'stuck', stage: found.stage, overdueMs: Math.round(found.overdueMs), remedy: REMEDY },
      });
    if (found === undefined && stuck !== undefined) log.info('daemon.stuck', { state: 'over', stage: stuck });
    stuck = found?.stage;
    return found === undefined;
  };
}

/** Not AbortSignal.any: in Node 20 each use leaves something behind on the signals it joins, and this goes on for years. */
async function wait(
  clock: Clock,
  { wakeup, ms }: { readonly wakeup: Wakeup; readonly ms: number },
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const end = (): void => {
    over.abort();
  };
  const cancel = clock.timer(ms, end);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  await wakeup.wait(over.signal);
  cancel();
  signal.removeEventListener('abort', end);
}
