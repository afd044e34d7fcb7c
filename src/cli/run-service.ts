// What `shutterd run` says to systemd, and how long it waits before it gives up under it. It decides no exit code but a stop's.
import { createServiceLoop, watchdogMs, type ServiceLoop } from '../app/service-loop.ts';
import type { App } from '../app.ts';
import { scanTree } from '../config/live/scan.ts';
import { createTreeWatch, WATCH_TIMES } from '../config/live/watch-tree.ts';
import { isAborted } from '../support/abort.ts';
import { withDeadline } from '../support/clock.ts';
import type { Log } from '../support/log.ts';
import { searchPath } from '../support/machine.ts';
import { createRunProcess } from '../support/run-process.ts';
import { createSdNotify, type SdNotify } from '../support/sd-notify.ts';
import { EXIT, type Context } from './command.ts';

export interface RunService {
  /** Somebody asked for the files to be read. */
  readonly reloading: () => void;
  /** They have been; also said where that takes too long. */
  readonly reloaded: () => void;
  /** Configuration, outbox and intake are there; the returned loop keeps systemd told. */
  ready(app: App, log: Log): ServiceLoop;
  stopping(): void;
  /** Settles when systemd has heard everything, or soon. */
  settled(): Promise<void>;
  /** The exit code, at once where a person is waiting for it; under systemd later, see `HOLD_MS`. */
  giveUp(code: number, line: string, paths: readonly string[]): Promise<number>;
}

/**
 * systemd starts us again two seconds after our end, whatever it was: files that are bad, an outbox that another instance
 * holds, or a disk that is not there would make it do so for days. Under it the end is put off this long, or until other
 * files lie there.
 */
const HOLD_MS = 30_000;
// systemctl reload waits for READY=1; files that somebody is still writing are read later.
const RELOAD_MS_MAX = 20_000;
const SETTLE_MS = 500;

export function createRunService(context: Context, log: () => Log): RunService {
  const { clock, machine, stop } = context;
  const run = createRunProcess({ clock, kill: machine.kill });
  const notify = createSdNotify({
    ...{ env: machine.env, searchPath: searchPath(machine), run, clock, log },
    monotonicMicroseconds: machine.monotonicMicroseconds,
  });
  let patience = (): void => undefined;
  const reloaded = (): void => {
    patience();
    notify.tell({ state: 'READY' });
  };
  return {
    reloading() {
      patience();
      notify.tell({ state: 'RELOADING' });
      patience = notify.active ? clock.timer(RELOAD_MS_MAX, reloaded) : patience;
    },
    reloaded,
    ready(app, appLog) {
      notify.tell({ state: 'READY', status: app.line() });
      return createServiceLoop({
        ...{ notify, clock, log: appLog },
        watchdogMs: notify.active ? watchdogMs(machine.env, machine.pid) : undefined,
        line: () => app.line(),
        overdue: () => app.overdue(),
      });
    },
    stopping: () => {
      patience();
      notify.tell({ state: 'STOPPING', status: 'stopping' });
    },
    settled: async () => {
      await withDeadline(clock, SETTLE_MS, notify.settled());
    },
    async giveUp(code, line, paths) {
      if (!notify.active) return code;
      await hold({ notify, line, paths }, context);
      return isAborted(stop) ? EXIT.ok : code;
    },
  };
}

async function hold(
  { notify, line, paths }: { notify: SdNotify; line: string; paths: readonly string[] },
  { clock, stop }: Context,
): Promise<void> {
  // Before anybody is told: who hears of it may mend the files at once.
  const known = await scanTree(paths);
  notify.tell({
    status: `${line}; tried again in ${String(HOLD_MS / 1000)} s, and when other files are there`,
  });
  const watch = createTreeWatch({ clock, paths, times: WATCH_TIMES });
  const over = new AbortController();
  const end = (): void => {
    over.abort();
  };
  stop.addEventListener('abort', end, { once: true });
  if (stop.aborted) end();
  await withDeadline(clock, HOLD_MS, watch.next(known, over.signal));
  end();
  stop.removeEventListener('abort', end);
  watch.close();
}
