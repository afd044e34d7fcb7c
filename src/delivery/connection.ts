// Keeps one link to the broker: connects, waits for its end, waits the backoff delay, connects again. It sends nothing.
import type { Link, LinkFault, LinkProblem, OpenLink, OpenOutcome, Random } from '../domain.ts';
import { isAborted, orAborted } from '../support/abort.ts';
import { backoffDelayMs, type BackoffPolicy } from '../support/backoff.ts';
import type { ClockSync } from '../support/clock-sync.ts';
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
  /** A TLS failure under a wrong clock is tried again as soon as the clock is right. */
  readonly clockSync?: Pick<ClockSync, 'synchronised' | 'untilSynchronised'>;
  /** Called with each link once its subscriptions are proved; `signal` aborts when the link ends. */
  readonly onOnline: (link: Link, signal: AbortSignal) => void;
  readonly onOffline: () => void;
  /** An attempt has failed, or a link was lost. */
  readonly onProblem?: (problem: LinkProblem) => void;
}

// AWS IoT Core takes one CONNECT a second for one client id.
const CONNECT_INTERVAL_MS_MIN = 1000;

/** Resolves after `signal` aborted and the last link is closed. */
export async function keepConnected(deps: ConnectionDeps, signal: AbortSignal): Promise<void> {
  const { openLink, policy, clock, random, log } = deps;
  let attempt = 0;
  let lastCause: string | undefined;
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    const outcome = await openLink(signal);
    if (outcome.kind === 'open') {
      const { upMs, problem } = await useLink(deps, outcome.link, signal);
      lastCause = problem === undefined ? undefined : causeOf(problem);
      if (upMs >= policy.stableSeconds * 1000) attempt = 0;
    }
    if (isAborted(signal)) return;
    const dueMs = startedMs + CONNECT_INTERVAL_MS_MIN;
    const delayMs = Math.max(
      backoffDelayMs(policy, attempt, () => random.fraction()),
      dueMs - clock.monotonicMs(),
    );
    attempt += 1;
    if (outcome.kind === 'failed') {
      // One line a change of cause: a broker that is away all night must not fill the journal.
      const level = causeOf(outcome.problem) === lastCause ? 'debug' : 'warn';
      lastCause = causeOf(outcome.problem);
      log[level](eventOf(outcome.problem), { ...outcome.problem, retryInMs: Math.round(delayMs) });
      deps.onProblem?.(outcome.problem);
    }
    await rest(deps, { outcome, delayMs }, signal);
    await sleep(clock, dueMs - clock.monotonicMs(), signal);
  }
}

/** How long the link was up, and why it ended; no problem where we closed it ourselves. */
async function useLink(
  deps: ConnectionDeps,
  link: Link,
  signal: AbortSignal,
): Promise<{ readonly upMs: number; readonly problem: LinkProblem | undefined }> {
  const { clock, log } = deps;
  const onlineMs = clock.monotonicMs();
  const ended = new AbortController();
  log.info('broker.connected', { protocol: link.protocol });
  deps.onOnline(link, ended.signal);
  const first = await orAborted(link.ended, signal);
  ended.abort();
  deps.onOffline();
  const problem = first.kind === 'aborted' ? undefined : first.value;
  if (problem === undefined) {
    await link.close();
  } else {
    log.warn('broker.lost', { ...problem });
    deps.onProblem?.(problem);
  }
  return { upMs: clock.monotonicMs() - onlineMs, problem };
}

/** The backoff delay; shorter where TLS failed before NTP had set the clock, and NTP comes first. */
async function rest(
  { clock, clockSync }: ConnectionDeps,
  { outcome, delayMs }: { outcome: OpenOutcome; delayMs: number },
  signal: AbortSignal,
): Promise<void> {
  const overTls = outcome.kind === 'failed' && outcome.problem.fault === 'tls';
  if (!overTls || clockSync === undefined || clockSync.synchronised()) {
    await sleep(clock, delayMs, signal);
    return;
  }
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  await Promise.race([sleep(clock, delayMs, either), clockSync.untilSynchronised(either)]);
  over.abort();
}

/** What makes two failures the same: the details (bytes, times, ports) differ where nothing has changed. */
function causeOf({ fault, remedy }: LinkProblem): string {
  return `${fault}: ${remedy}`;
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
