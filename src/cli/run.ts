// `shutterd run`: the daemon in the foreground, until a signal ends it.
import { startApp, type App } from '../app.ts';
import { formatProblem } from '../config/problem.ts';
import type { Loaded } from '../config/load.ts';
import { brokerSettings } from '../config/stage-settings.ts';
import { tlsWarnings } from '../mqtt/tls-warnings.ts';
import { untilAborted } from '../support/abort.ts';
import { createLog, type Log, type LogOptions } from '../support/log.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { readConfiguration } from './load-configuration.ts';
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
  const loaded = await readConfiguration(args, context);
  if (loaded.kind === 'rejected') {
    const problems = loaded.problems.map(formatProblem);
    daemonLog(context, { level: 'info', format: 'auto' }, args).error('config.rejected', { problems });
    for (const problem of problems) context.err(`${problem}\n`);
    return EXIT.badConfiguration;
  }
  const { config, hash } = loaded;
  const log = daemonLog(context, config.log, args);
  const overFiles = await tlsWarnings(brokerSettings(config), context);
  logApplied(log, { ...loaded, warnings: [...loaded.warnings, ...overFiles] });
  const { machine, clock, random, version } = context;
  let app: App | undefined;
  // Before the start: without a listener Node answers SIGUSR1 by opening its debugger.
  context.onUserSignal(() => {
    app?.triggerNow();
  });
  const started = await startApp({ config, configHash: hash, version, machine, clock, random, log });
  switch (started.kind) {
    case 'running':
      app = started.app;
      await untilAborted(context.stop);
      await app.stop();
      return EXIT.ok;
    case 'taken':
      context.err(
        `Cannot open outbox ${config.outbox.directory}: another shutterd uses it, one instance an outbox is allowed\n`,
      );
      return EXIT.outboxTaken;
    case 'failed':
      context.err(
        `Cannot open outbox ${config.outbox.directory}: ${started.code}, ${started.detail}; ` +
          'a folder that this user may write to is needed (outbox.directory)\n',
      );
      return EXIT.failure;
  }
}

function logApplied(log: Log, { files, hash, warnings }: Loaded): void {
  const level = warnings.length > 0 ? 'warn' : 'info';
  log[level]('config.applied', { hash, files, ...(warnings.length > 0 ? { warnings } : {}) });
}

function daemonLog(
  context: Context,
  { level, format }: { level: LogOptions['level']; format: 'auto' | 'json' | 'pretty' },
  args: Arguments,
): Log {
  const auto = context.outIsTerminal && !args.isSet('json') ? 'pretty' : 'json';
  return createLog({
    level,
    format: format === 'auto' ? auto : format,
    journald: context.machine.env['JOURNAL_STREAM'] !== undefined,
    write: context.out,
  });
}
