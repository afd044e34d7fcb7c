#!/usr/bin/env node
// The process: arguments, signals and the exit code; it decides nothing that a command could.
import { hostname, tmpdir } from 'node:os';
import type { Context } from './cli/command.ts';

const stopping = new AbortController();
const stop = (): void => {
  stopping.abort();
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('SIGHUP', stop);
// Whoever reads our output may go first (`shutterd config show | head`); the daemon goes on without a reader.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

// Only now: loading everything takes some tenths of a second on a Pi, and a signal in that time has to end us well, too.
const [
  { COMMANDS },
  { runCli },
  { createSystemClock, ifStillRunning },
  { createRandom },
  { programVersion },
] = await Promise.all([
  import('./cli/commands.ts'),
  import('./cli/run-cli.ts'),
  import('./support/clock.ts'),
  import('./support/random.ts'),
  import('./support/version.ts'),
]);

const END_MS_MAX = 500;
const context: Context = {
  machine: {
    hostName: hostname(),
    userId: process.getuid?.() ?? 0,
    groupIds: [process.getgid?.() ?? 0, ...(process.getgroups?.() ?? [])],
    env: process.env,
    nodePath: process.execPath,
    kill: (pid, signal) => {
      process.kill(pid, signal);
    },
    temporaryFolder: tmpdir(),
    pid: process.pid,
    monotonicMicroseconds: () => process.hrtime.bigint() / 1000n,
  },
  clock: createSystemClock(),
  random: createRandom(),
  version: await programVersion(),
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
  outIsTerminal: process.stdout.isTTY,
  stop: stopping.signal,
  onHangUp: (listener) => {
    process.on('SIGHUP', listener);
    process.off('SIGHUP', stop);
  },
  onUserSignal: (listener) => {
    process.on('SIGUSR1', listener);
  },
};

process.exitCode = await runCli(process.argv.slice(2), COMMANDS, context);
// All is closed, and what a dead network or a hung program keeps open beyond that must not keep us.
ifStillRunning(END_MS_MAX, () => {
  process.exit();
});
