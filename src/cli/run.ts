// `shutterd run`: the daemon in the foreground, until a signal ends it.
import { startApp, type App, type StartOutcome } from '../app.ts';
import { boot, type BootDeps, type Booted, type BootOutcome } from '../config/live/boot.ts';
import { readState } from '../config/live/keep-state.ts';
import type { Configured, Keeper } from '../config/live/keeper-parts.ts';
import { createKeeper } from '../config/live/keeper.ts';
import { createStateStore } from '../config/live/kept-state.ts';
import { WATCH_TIMES } from '../config/live/watch-tree.ts';
import { formatProblem } from '../config/problem.ts';
import { brokerSettings } from '../config/stage-settings.ts';
import { tlsWarnings } from '../mqtt/tls-warnings.ts';
import { createLog, type AdjustableLog, type Log, type LogOptions } from '../support/log.ts';
import { mayWriteIn } from '../support/folder-owner.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { configurationPaths, loadPaths, stateFolder } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';

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

async function runDaemon(args: Arguments, context: Context): Promise<number> {
  const daemon: { keeper?: Keeper; app?: App } = {};
  // Who runs it by hand and closes the terminal wants it to end.
  if (!context.outIsTerminal) context.onHangUp(() => daemon.keeper?.readNow());
  // Before the start: without a listener Node answers SIGUSR1 by opening its debugger.
  context.onUserSignal(() => {
    daemon.app?.triggerNow();
  });
  const early = daemonLog(context, { level: 'info', format: 'auto' }, args);
  const booted = await bootConfiguration(args, context, early);
  if (booted.kind === 'rejected') {
    const problems = booted.problems.map(formatProblem);
    early.error('config.rejected', { problems });
    for (const problem of problems) context.err(`${problem}\n`);
    return EXIT.badConfiguration;
  }
  const { config } = booted.running.loaded;
  const log = daemonLog(context, config.log, args);
  logBooted(log, booted, await tlsWarnings(brokerSettings(config), context));
  const kept = createKeeper({ ...bootDeps(args, context, log), times: WATCH_TIMES }, booted);
  daemon.keeper = kept;
  const { machine, clock, random, version } = context;
  const started = await startApp({
    ...{ config, version, machine, clock, random, log, configNow: () => kept.now() },
    onReached: (reached) => {
      kept.reached(reached);
    },
  });
  if (started.kind !== 'running') return refused(context, config.outbox.directory, started);
  const { app } = started;
  daemon.app = app;
  await kept.run(configured(app, log), context.stop);
  await app.stop();
  return EXIT.ok;
}

function refused(
  context: Context,
  directory: string,
  started: Exclude<StartOutcome, { kind: 'running' }>,
): number {
  if (started.kind === 'taken') {
    context.err(
      `Cannot open outbox ${directory}: another shutterd uses it, one instance an outbox is allowed\n`,
    );
    return EXIT.outboxTaken;
  }
  context.err(
    `Cannot open outbox ${directory}: ${started.code}, ${started.detail}; ` +
      'a folder that this user may write to is needed (outbox.directory)\n',
  );
  return EXIT.failure;
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
    reachable: mayWriteIn,
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
