// Keeps one link to the broker: connects, waits for its end, waits the backoff delay, connects again. It sends nothing.
import type { Link, LinkFault, LinkProblem, OpenLink, Random } from '../domain.ts';
import { isAborted, orAborted } from '../support/abort.ts';
import { backoffDelayMs, type BackoffPolicy } from '../support/backoff.ts';
import { sleep, type Clock } from '../support/clock.ts';
import type { EventName, Log } from '../support/log.ts';

export interface ConnectionPolicy extends BackoffPolicy {
  /** The count of attempts starts again only after a link that lasted this long. */
  readonly stableSeconds: number;
}

export interface ConnectionDeps {
  readonly openLink: OpenLink;
  readonly policy: ConnectionPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Called with each link once its subscriptions are proved; `signal` aborts when the link ends. */
  readonly onOnline: (link: Link, signal: AbortSignal) => void;
  readonly onOffline: () => void;
}

// AWS IoT Core takes one CONNECT a second for one client id.
const CONNECT_INTERVAL_MS_MIN = 1000;

/** Resolves after `signal` aborted and the last link is closed. */
export async function keepConnected(deps: ConnectionDeps, signal: AbortSignal): Promise<void> {
  const { openLink, policy, clock, random, log } = deps;
  let attempt = 0;
  let lastFault: LinkFault | undefined;
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    const outcome = await openLink(signal);
    if (outcome.kind === 'open') {
      lastFault = undefined;
      const upMs = await useLink(deps, outcome.link, signal);
      if (upMs >= policy.stableSeconds * 1000) attempt = 0;
    }
    if (isAborted(signal)) return;
    const restMs = CONNECT_INTERVAL_MS_MIN - (clock.monotonicMs() - startedMs);
    const delayMs = Math.max(
      backoffDelayMs(policy, attempt, () => random.fraction()),
      restMs,
    );
    attempt += 1;
    if (outcome.kind === 'failed') {
      // One line a change of cause: a broker that is away all night must not fill the journal.
      const level = outcome.problem.fault === lastFault ? 'debug' : 'warn';
      lastFault = outcome.problem.fault;
      log[level](eventOf(outcome.problem), { ...outcome.problem, retryInMs: Math.round(delayMs) });
    }
    await sleep(clock, delayMs, signal);
  }
}

/** Milliseconds the link was up. */
async function useLink(deps: ConnectionDeps, link: Link, signal: AbortSignal): Promise<number> {
  const { clock, log } = deps;
  const onlineMs = clock.monotonicMs();
  const ended = new AbortController();
  log.info('broker.connected', { protocol: link.protocol });
  deps.onOnline(link, ended.signal);
  const first = await orAborted(link.ended, signal);
  ended.abort();
  deps.onOffline();
  if (first.kind === 'aborted') await link.close();
  else log.warn('broker.lost', { ...first.value });
  return clock.monotonicMs() - onlineMs;
}

function eventOf(problem: LinkProblem): EventName {
  const answered: readonly LinkFault[] = [
    'protocolVersion',
    'clientId',
    'credentials',
    'notAuthorized',
    'serverBusy',
    'refused',
    'subscribe',
  ];
  return answered.includes(problem.fault) ? 'broker.refused' : 'broker.retry';
}
