// What the tests of the Greengrass link share: one attempt with short deadlines, its messages, and its certain end.
import assert from 'node:assert/strict';
import type { IncomingMessage, Link, LinkProblem, OpenOutcome } from '../../../src/domain.ts';
import {
  createOpenGreengrassLink,
  type GreengrassDeps,
  type GreengrassSettings,
} from '../../../src/greengrass/open-link.ts';
import { createSystemClock } from '../../../src/support/clock.ts';
import { Arrivals } from '../../helpers/arrivals.ts';
import type { Scope } from '../../helpers/scope.ts';

export interface Bench {
  readonly settings?: Partial<GreengrassSettings>;
  readonly env: GreengrassDeps['env'];
  readonly signal?: AbortSignal;
}

export interface Attempt {
  readonly outcome: OpenOutcome;
  readonly messages: Arrivals<IncomingMessage>;
}

export async function attempt(scope: Scope, { settings, env, signal }: Bench): Promise<Attempt> {
  const messages = new Arrivals<IncomingMessage>();
  const defaults = { filters: [], connectTimeoutSeconds: 5, ackTimeoutSeconds: 5 };
  const open = createOpenGreengrassLink(
    { ...defaults, ...settings },
    {
      clock: createSystemClock(),
      env,
      onMessage: (message) => {
        messages.add(message);
      },
    },
  );
  const outcome = await open(signal ?? new AbortController().signal);
  if (outcome.kind === 'open') scope.defer(() => outcome.link.close());
  return { outcome, messages };
}

export async function openedLink(
  scope: Scope,
  bench: Bench,
): Promise<{ link: Link; messages: Attempt['messages'] }> {
  const { outcome, messages } = await attempt(scope, bench);
  assert.equal(outcome.kind, 'open', JSON.stringify(outcome));
  return { link: outcome.link, messages };
}

export async function problemOf(scope: Scope, bench: Bench): Promise<LinkProblem> {
  const { outcome } = await attempt(scope, bench);
  assert.equal(outcome.kind, 'failed', 'the attempt went well');
  assert.notEqual(outcome.problem.detail, '');
  assert.notEqual(outcome.problem.remedy, '');
  return outcome.problem;
}
