// The function as a process of its own, with the environment that Lambda would give it; events go in and out as JSON.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Handled } from '../../../cloud/aws/lambda/handler.ts';
import { Arrivals } from '../../helpers/arrivals.ts';
import type { Scope } from '../../helpers/scope.ts';

export interface Invocation {
  readonly id: number;
  readonly event: unknown;
  readonly remainingMs: number;
}

export interface Returned {
  readonly id: number;
  readonly outcome: Outcome;
}
export type Outcome =
  | { readonly kind: 'returned'; readonly value: Handled }
  | { readonly kind: 'threw'; readonly message: string };

export type LogLine = Readonly<Record<string, unknown>>;

export interface Lambda {
  readonly lines: Arrivals<LogLine>;
  readonly errors: Arrivals<string>;
  /** Settles with `false` where it ended before it was ready: what Lambda calls an init error. */
  readonly ready: Promise<boolean>;
  invoke(event: unknown, options?: { readonly remainingMs?: number }): Promise<Outcome>;
}

export const FUNCTION = fileURLToPath(new URL('../../../cloud/aws/lambda/index.js', import.meta.url));
const HOST = fileURLToPath(new URL('./lambda-host.js', import.meta.url));
const USUAL_REMAINING_MS = 30_000; // as the template's timeout

export function startLambda(
  scope: Scope,
  environment: Readonly<Record<string, string>>,
  file: string = FUNCTION,
): Lambda {
  const child = fork(HOST, [file], {
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_OPTIONS: '--enable-source-maps',
      ...CREDENTIALS,
      ...environment,
    },
    silent: true,
    serialization: 'json',
  });
  const ended = once(child, 'exit').then(() => false);
  const lines = new Arrivals<LogLine>();
  const errors = new Arrivals<string>();
  if (child.stdout === null || child.stderr === null) throw new Error('the child has no output to read');
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.add(JSON.parse(line) as LogLine);
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors.add(line);
  });
  scope.defer(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  const ready = Promise.race([once(child, 'message').then(() => true), ended]);
  const returned = new Arrivals<Returned>();
  child.on('message', (message) => {
    if (typeof message === 'object') returned.add(message as Returned);
  });
  let invocations = 0;
  return {
    ...{ lines, errors, ready },
    async invoke(event, { remainingMs = USUAL_REMAINING_MS } = {}) {
      if (!(await ready)) throw new Error(`the function did not start: ${errors.all.join('\n')}`);
      invocations += 1;
      const invocation: Invocation = { id: invocations, event, remainingMs };
      child.send(invocation);
      return (await returned.nth(1, ({ id }) => id === invocation.id)).outcome;
    },
  };
}

/** Made up; the local servers only look whether a request is signed. */
const CREDENTIALS = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'TESTKEYTESTKEYTESTKE',
  AWS_SECRET_ACCESS_KEY: 'not-a-secret',
  AWS_EC2_METADATA_DISABLED: 'true',
};
