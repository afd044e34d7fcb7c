// What the wire's tests share: one attempt with short deadlines, its messages, and its certain end.
import assert from 'node:assert/strict';
import type { IncomingMessage, Link, LinkProblem, OpenOutcome, OutgoingMessage } from '../../src/domain.ts';
import { createOpenLink, type BrokerSettings } from '../../src/mqtt/open-link.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { Arrivals } from '../helpers/arrivals.ts';
import type { Scope } from '../helpers/scope.ts';

export type Version = 3 | 4 | 5;

export interface Attempt {
  readonly outcome: OpenOutcome;
  readonly messages: Arrivals<IncomingMessage>;
}

/** One attempt; a link that opened is closed with the scope. */
export async function attempt(scope: Scope, settings: Partial<BrokerSettings>): Promise<Attempt> {
  const messages = new Arrivals<IncomingMessage>();
  const open = createOpenLink(withDefaults(settings), {
    clock: createSystemClock(),
    onMessage: (message) => {
      messages.add(message);
    },
  });
  const outcome = await open(new AbortController().signal);
  if (outcome.kind === 'open') scope.defer(() => outcome.link.close());
  return { outcome, messages };
}

export function withDefaults(settings: Partial<BrokerSettings>): BrokerSettings {
  return {
    ...{ url: 'mqtt://127.0.0.1:1', clientId: 'wire-test', tls: {}, protocol: 5, filters: [] },
    ...{ keepaliveSeconds: 30, sessionExpirySeconds: 0, connectTimeoutSeconds: 5, ackTimeoutSeconds: 5 },
    ...settings,
  };
}

export async function openedLink(
  scope: Scope,
  settings: Partial<BrokerSettings>,
): Promise<{ link: Link; messages: Attempt['messages'] }> {
  const { outcome, messages } = await attempt(scope, settings);
  assert.equal(outcome.kind, 'open', JSON.stringify(outcome));
  return { link: outcome.link, messages };
}

export async function problemOf(scope: Scope, settings: Partial<BrokerSettings>): Promise<LinkProblem> {
  const { outcome } = await attempt(scope, settings);
  assert.equal(outcome.kind, 'failed', 'the attempt went well');
  assert.notEqual(outcome.problem.detail, '');
  assert.notEqual(outcome.problem.remedy, '');
  return outcome.problem;
}

export function message(topic: string, payload: Uint8Array | string, qos: 0 | 1 | 2 = 1): OutgoingMessage {
  return { topic, payload: Buffer.from(payload), qos, retain: false };
}
