#!/usr/bin/env node
// The process: arguments, signals and the exit code; it decides nothing that a command could.
import { hostname, tmpdir } from 'node:os';
import { COMMANDS } from './cli/commands.ts';
import type { Context } from './cli/command.ts';
import { runCli } from './cli/run-cli.ts';

import { createSystemClock } from './support/clock.ts';
import { createRandom } from './support/random.ts';
import { programVersion } from './support/version.ts';

const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stopping.abort();
  });
}
// Whoever reads our output may go first (`shutterd config show | head`); the daemon goes on without a reader.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const context: Context = {
  machine: {
    hostName: hostname(),
    userId: process.getuid?.() ?? 0,
    env: process.env,
    nodePath: process.execPath,
    kill: (pid, signal) => {
      process.kill(pid, signal);
    },
    temporaryFolder: tmpdir(),
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
  onUserSignal: (listener) => {
    process.on('SIGUSR1', listener);
  },
};

process.exitCode = await runCli(process.argv.slice(2), COMMANDS, context);
