// Tells systemd how the service is, through the program systemd-notify; without a socket to tell it to, it does nothing.
import { sleep, type Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { RunOutcome, RunProcess } from './run-process.ts';
import { escapeInvisible } from './visible-text.ts';

/** sd_notify(3): what the service has become. */
export type ServiceState = 'READY' | 'RELOADING' | 'STOPPING';

export interface Notice {
  readonly state?: ServiceState;
  /** For the `Status:` line of systemctl. */
  readonly status?: string;
  /** A ping for the watchdog. */
  readonly alive?: boolean;
}

export interface SdNotify {
  /** Whether anybody listens. */
  readonly active: boolean;
  /** Returns at once. One call is under way at a time; what is told meanwhile is joined, in its order. */
  tell(notice: Notice): void;
  /** Settles when everything that was told has been sent, or given up. Never rejects. */
  settled(): Promise<void>;
}

export interface SdNotifyDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly searchPath: string;
  readonly run: RunProcess;
  readonly clock: Clock;
  /** Asked at each line: the daemon's own log comes with its configuration. */
  readonly log: () => Log;
  /** CLOCK_MONOTONIC, with which a unit of Type=notify-reload wants its reloads stamped. */
  readonly monotonicMicroseconds?: (() => bigint) | undefined;
}

// The program waits up to 5 s until systemd has read the message: without that systemd may look for the sender when it is
// gone, and drop what it said (which is why there is no --no-block).
const CALL_MS_MAX = 8000;
// A READY that never arrives ends the unit at its TimeoutStartSec; PID 1 may just be busy.
const RETRY_MS = 5000;
const STATUS_CHARACTERS_MAX = 300;
const REMEDY = 'systemd-notify is part of the package systemd; the unit needs NotifyAccess=all';

export function createSdNotify(deps: SdNotifyDeps): SdNotify {
  const socket = deps.env['NOTIFY_SOCKET'] ?? '';
  if (socket === '') return { active: false, tell: () => undefined, settled: () => Promise.resolve() };
  const states: ServiceState[] = [];
  let [status, alive]: [string | undefined, boolean] = [undefined, false];
  let failing = false;
  let sending: Promise<void> | undefined;

  const note = (problem: string | undefined): void => {
    if (problem !== undefined && !failing)
      deps.log().error('daemon.notify', { state: 'failing', detail: problem, remedy: REMEDY });
    if (problem === undefined && failing) deps.log().info('daemon.notify', { state: 'working' });
    failing = problem !== undefined;
  };

  const sendAll = async (): Promise<void> => {
    while (states.length > 0 || status !== undefined || alive) {
      const [state] = states.splice(0, 1);
      const assignments = assignmentsOf({ state, status, alive }, deps);
      [status, alive] = [undefined, false];
      const problem = problemOf(await call(deps, socket, assignments));
      note(problem);
      // A ping is stale by then, and the next status is on its way; a state is said once or never.
      if (
        problem !== undefined &&
        state !== undefined &&
        !states.includes('STOPPING') &&
        state !== 'STOPPING'
      ) {
        states.unshift(state);
        await sleep(deps.clock, RETRY_MS);
      }
    }
    sending = undefined;
  };

  return {
    active: true,
    tell(notice) {
      if (notice.state !== undefined) join(states, notice.state);
      status = notice.status ?? status;
      alive ||= notice.alive === true;
      sending ??= sendAll();
    },
    settled: () => sending ?? Promise.resolve(),
  };
}

/** The states that wait, without those that the new one makes pointless: never more than one of each. */
function join(states: ServiceState[], state: ServiceState): void {
  const kept = state === 'READY' ? states.filter((other) => other !== 'READY') : [];
  states.splice(0, states.length, ...kept, state);
}

function assignmentsOf(
  notice: {
    readonly state: ServiceState | undefined;
    readonly status: string | undefined;
    readonly alive: boolean;
  },
  { monotonicMicroseconds }: SdNotifyDeps,
): readonly string[] {
  const { state, status, alive } = notice;
  const stamp = state === 'RELOADING' ? monotonicMicroseconds?.() : undefined;
  return [
    ...(state === undefined ? [] : [`${state}=1`]),
    ...(stamp === undefined ? [] : [`MONOTONIC_USEC=${String(stamp)}`]),
    ...(status === undefined ? [] : [`STATUS=${escapeInvisible(status).slice(0, STATUS_CHARACTERS_MAX)}`]),
    ...(alive ? ['WATCHDOG=1'] : []),
  ];
}

function call(
  { run, searchPath }: SdNotifyDeps,
  socket: string,
  args: readonly string[],
): Promise<RunOutcome> {
  const env = { PATH: searchPath, LC_ALL: 'C', NOTIFY_SOCKET: socket };
  return run({ file: 'systemd-notify', args, env, deadlineMs: CALL_MS_MAX });
}

function problemOf(ran: RunOutcome): string | undefined {
  switch (ran.kind) {
    case 'exited':
      return ran.code === 0
        ? undefined
        : `systemd-notify: ${ran.stderr.trim() || `exit code ${String(ran.code)}`}`;
    case 'missing':
      return `systemd-notify: ${ran.detail}`;
    case 'timeout':
    case 'wedged':
      return `systemd-notify did not end within ${String(CALL_MS_MAX)} ms`;
    case 'aborted':
      return undefined; // nobody aborts it
  }
}
