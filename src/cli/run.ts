// `shutterd run`: the daemon in the foreground, until a signal ends it.
import { startApp, type App, type StartOutcome } from '../app.ts';
import { boot, type BootDeps, type Booted, type BootOutcome } from '../config/live/boot.ts';
import { readState } from '../config/live/keep-state.ts';
import type { Configured, Keeper } from '../config/live/keeper-parts.ts';
import { createKeeper } from '../config/live/keeper.ts';
import { createStateStore } from '../config/live/kept-state.ts';
import { WATCH_TIMES } from '../config/live/watch-tree.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { mayHoldOutbox } from '../outbox/outbox-place.ts';
import { orAborted } from '../support/abort.ts';
import { withDeadline } from '../support/clock.ts';
import { createLog, type AdjustableLog, type Log, type LogOptions } from '../support/log.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { linkWarnings } from './link-warnings.ts';
import { configurationPaths, loadPaths, stateFolder } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';
import { createRunService, type RunService } from './run-service.ts';

export const runDaemonCommand: Command = {
  name: 'run',
  summary: 'the daemon, in the foreground',
  usage: '[--config PATH]...',
  flags: {},
  operands: [],
  exits: { 3: 'another instance holds the outbox' },
  examples: ['shutterd run', 'shutterd run --config ./config --set camera.device=TEST'],
  run: runDaemon,
};

interface Daemon {
  keeper?: Keeper;
  app?: App;
  log?: AdjustableLog;
}

async function runDaemon(args: Arguments, context: Context): Promise<number> {
  const daemon: Daemon = {};
  const early = daemonLog(context, { level: 'info', format: 'auto' }, args);
  const service = createRunService(context, () => daemon.log ?? early);
  listen(context, { daemon, service });
  const booted = await bootConfiguration(args, context, early);
  const { paths } = configurationPaths(args, []);
  if (booted.kind === 'rejected') {
    return service.giveUp(EXIT.badConfiguration, tellRejected(context, early, booted.problems), paths);
  }
  const { config } = booted.running.loaded;
  const log = (daemon.log = daemonLog(context, config.log, args));
  logBooted(log, booted, await linkWarnings(config, context));
  const kept = (daemon.keeper = createKeeper(
    { ...bootDeps(args, context, log), times: WATCH_TIMES },
    booted,
  ));
  const { machine, clock, random, version } = context;
  let onStatus = (): void => undefined;
  const shutOut = new AbortController();
  const started = await startApp({
    ...{ config, version, machine, clock, random, log, configNow: () => kept.now() },
    onReached: (reached) => {
      kept.reached(reached);
    },
    onStatus: () => {
      onStatus();
    },
    onShutOut: () => {
      shutOut.abort();
    },
  });
  if (started.kind !== 'running') {
    const { code, message } = refused(config.outbox.directory, started);
    context.err(`${message}\n`);
    return service.giveUp(code, message, paths);
  }
  const { app } = started;
  daemon.app = app;
  const loop = service.ready(app, log);
  onStatus = loop.changed;
  const settings = { ...configured(app, log), askedDone: service.reloaded };
  const stop = AbortSignal.any([context.stop, shutOut.signal]);
  const working = Promise.all([kept.run(settings, stop), loop.run(stop)]);
  await orAborted(working, stop);
  service.stopping();
  await app.stop();
  await Promise.all([service.settled(), withDeadline(clock, STOP_KEEPER_MS, working)]);
  // Whoever started us, a nucleus or systemd, is to start another one.
  return shutOut.signal.aborted ? EXIT.failure : EXIT.ok;
}

/** To log and person; gives the line for the service's status. */
function tellRejected(context: Context, log: Log, found: readonly Problem[]): string {
  const problems = found.map(formatProblem);
  log.error('config.rejected', { problems });
  for (const problem of problems) context.err(`${problem}\n`);
  return `configuration rejected (${String(problems.length)} errors, see the journal)`;
}

// What the keeper writes is small; on a disk that hangs it stays unwritten, and the next start reads the files again.
const STOP_KEEPER_MS = 500;

/** Who runs it by hand and closes the terminal wants it to end; elsewhere SIGHUP reads the files. */
function listen(context: Context, { daemon, service }: { daemon: Daemon; service: RunService }): void {
  if (!context.outIsTerminal)
    context.onHangUp(() => {
      if (daemon.app === undefined) return; // a start reads them anyway
      service.reloading();
      daemon.keeper?.readNow();
    });
  // Before the start: without a listener Node answers SIGUSR1 by opening its debugger.
  context.onUserSignal(() => {
    daemon.app?.triggerNow();
  });
}

function refused(
  directory: string,
  started: Exclude<StartOutcome, { kind: 'running' }>,
): { readonly code: number; readonly message: string } {
  if (started.kind === 'taken') {
    const message = `Cannot open outbox ${directory}: another shutterd uses it, one instance an outbox is allowed`;
    return { code: EXIT.outboxTaken, message };
  }
  if (started.kind === 'foreign') {
    const message = `Cannot open outbox ${directory}: ${started.detail} (outbox.directory)`;
    return { code: EXIT.badConfiguration, message };
  }
  const message =
    `Cannot open outbox ${directory}: ${started.code}, ${started.detail}; ` +
    'a folder that this user may write to is needed (outbox.directory)';
  return { code: EXIT.failure, message };
}

function configured(app: App, log: AdjustableLog): Configured {
  return {
    apply: (config) => {
      log.setLevel(config.log.level);
      app.apply(config);
    },
    online: () => app.online(),
    stateChanged: () => {
      app.configChanged();
    },
  };
}

function bootDeps(args: Arguments, context: Context, log: Log): BootDeps {
  const { paths } = configurationPaths(args, []);
  return {
    clock: context.clock,
    ...{ paths, log },
    load: (from, files) => loadPaths(from, { args, context, files }),
    reachable: mayHoldOutbox,
    quietMs: WATCH_TIMES.quietMs,
    store: createStateStore(stateFolder(context), paths),
  };
}

async function bootConfiguration(args: Arguments, context: Context, log: Log): Promise<BootOutcome> {
  const deps = bootDeps(args, context, log);
  return boot(deps, await readState(deps));
}

function logBooted(
  log: Log,
  { running, problems, because, kept }: Booted,
  overFiles: readonly string[],
): void {
  const { files, hash } = running.loaded;
  const warnings = [...running.loaded.warnings, ...overFiles];
  if (because !== 'files') {
    log.error('config.rejected', { problems: problems.map(formatProblem) });
  }
  log[warnings.length > 0 ? 'warn' : 'info']('config.applied', {
    ...{ hash, files },
    ...(because === 'files' ? {} : { source: 'lastGood', because }),
    ...(kept.trial === undefined ? {} : { probation: kept.trial.spentMs === 0 ? 'begun' : 'resumed' }),
    ...(warnings.length > 0 ? { warnings } : {}),
  });
}

function daemonLog(
  context: Context,
  { level, format }: { level: LogOptions['level']; format: 'auto' | 'json' | 'pretty' },
  args: Arguments,
): AdjustableLog {
  const auto = context.outIsTerminal && !args.isSet('json') ? 'pretty' : 'json';
  return createLog({
    level,
    format: format === 'auto' ? auto : format,
    journald: context.machine.env['JOURNAL_STREAM'] !== undefined,
    write: context.out,
  });
}
