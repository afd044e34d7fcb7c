// What a command is, and what the process gives it. Types, and the exit codes of the contract.
import type { Random } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import type { Machine } from '../support/machine.ts';
import type { Arguments, Flags } from './parse-arguments.ts';

export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  badConfiguration: 2,
  outboxTaken: 3,
  cameraFailure: 4,
  cannotFit: 5,
  noAnswer: 6,
} as const;

/** What the process is to a command; only the entry makes one. */
export interface Context {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly random: Random;
  readonly version: string;
  /** Standard output; bytes go there as they are. */
  readonly out: (text: string | Uint8Array) => void;
  /** Standard error: what is for the person, not for the pipe. */
  readonly err: (text: string) => void;
  readonly outIsTerminal: boolean;
  /** Aborts at SIGTERM and SIGINT; at SIGHUP as well, until somebody has a use for it. */
  readonly stop: AbortSignal;
  /** Calls `listener` at each SIGHUP from now on, which then ends nothing. */
  readonly onHangUp: (listener: () => void) => void;
  /** Calls `listener` at each SIGUSR1 from now on. */
  readonly onUserSignal: (listener: () => void) => void;
}

export interface Command {
  /** As it is typed: `run`, `config check`. */
  readonly name: string;
  readonly summary: string;
  /** What follows the name in the usage line. */
  readonly usage: string;
  readonly flags: Flags;
  /** Names of the arguments that are no flags, in order; all of them must be given. */
  readonly operands: readonly string[];
  /** What may follow, as often as one likes. */
  readonly moreOperands?: string;
  /** Exit codes beside 0, 1 and 2, for the help text. */
  readonly exits: Readonly<Record<number, string>>;
  readonly examples: readonly string[];
  readonly run: (args: Arguments, context: Context) => Promise<number>;
}
