// From settings to a subscribed link: secrets, stream, session, within one deadline. It never tries twice.
import type { IncomingMessage } from '../domain.ts';
import { withDeadline, type Clock } from '../support/clock.ts';
import { errorMessage } from '../support/errors.ts';
import { connectLink } from './link.ts';
import type { ConnectOutcome } from './link-parts.ts';
import type { Session } from './packets.ts';
import { createPatience, type Patience } from './patience.ts';
import { linkProblem, problemFromError } from './problem.ts';
import { chooseProtocol, type ProtocolSetting } from './protocol.ts';
import { behindProxy } from './proxy-problem.ts';
import { readSecretFile, type Reader } from './secret-file.ts';
import { retryWithheld } from './retry-withheld.ts';
import { createSuspects, type Suspects, type Withheld } from './suspects.ts';
import { openStream, parseBrokerUrl, type Route } from './stream.ts';
import { createSecureContexts, type SecureContexts } from './tls-options.ts';
import type { ClockState } from './tls-problem.ts';

export interface BrokerSettings
  extends Omit<Route, 'reader' | 'contexts'>, Omit<Session, 'protocol' | 'password'> {
  readonly url: string;
  readonly protocol: ProtocolSetting;
  readonly passwordFile?: string;
  /** TCP + TLS + CONNACK. */
  readonly connectTimeoutSeconds: number;
  readonly ackTimeoutSeconds: number;
  /** For a broker that refuses by closing: what it closes upon time and again is left out for a while. */
  readonly refusesByClosing?: { readonly requestTopic: string };
}

const PASSWORD_BYTES_MAX = 64 * 1024; // [MQTT-3.1.3.6]: a two-byte length

interface LinkDeps {
  readonly clock: Clock;
  readonly onMessage: (message: IncomingMessage) => void;
  /** Whether NTP has set the wall clock: TLS before that fails over dates that are well. */
  readonly clockSynchronised?: () => boolean;
  /** Who reads key and password files. */
  readonly reader?: Reader;
  /** Called with all that is left out, whenever that changes. */
  readonly onWithheld?: (withheld: readonly Withheld[]) => void;
}

/** What outlives a link. */
interface Memory {
  readonly suspects: Suspects | undefined;
  readonly patience: Patience;
  readonly contexts: SecureContexts;
}

export function createOpenLink(
  settings: BrokerSettings,
  deps: LinkDeps,
): (signal: AbortSignal) => Promise<ConnectOutcome> {
  const protocol = chooseProtocol(settings.protocol);
  const memory = {
    ...{ suspects: suspectsFor(settings, deps), patience: createPatience() },
    contexts: createSecureContexts(),
  };
  return async (signal) => {
    // Ends the attempt at the caller's word or at its deadline, whatever it is waiting for.
    const ending = new AbortController();
    const end = (): void => {
      ending.abort();
    };
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      const outcome = await attempt(settings, deps, {
        ...{ version: protocol.next(), ending, ...memory },
      });
      protocol.tell(outcome);
      if (outcome.kind === 'open' && memory.suspects !== undefined)
        void retryWithheld(outcome, {
          suspects: memory.suspects,
          filters: settings.filters,
          clock: deps.clock,
        });
      return outcome;
    } catch (error) {
      const problem = signal.aborted
        ? linkProblem('stopped', errorMessage(error))
        : behindProxy(problemFromError(error, clockState(deps)), settings.proxyUrl);
      return { kind: 'failed', problem };
    } finally {
      signal.removeEventListener('abort', end);
    }
  };
}

function suspectsFor(
  { refusesByClosing }: BrokerSettings,
  { clock, onWithheld = () => undefined }: LinkDeps,
): Suspects | undefined {
  if (refusesByClosing === undefined) return undefined;
  return createSuspects({ ...refusesByClosing, clock, onChange: onWithheld });
}

function clockState({ clockSynchronised }: LinkDeps): ClockState {
  if (clockSynchronised === undefined) return 'unknown';
  return clockSynchronised() ? 'synchronised' : 'notSynchronised';
}

async function attempt(
  settings: BrokerSettings,
  deps: LinkDeps,
  { version, ending, contexts, ...memory }: Memory & { version: 3 | 4 | 5; ending: AbortController },
): Promise<ConnectOutcome> {
  const started = deps.clock.monotonicMs();
  const connectMs = settings.connectTimeoutSeconds * 1000;
  const address = parseBrokerUrl(settings.url);
  const password = await readPassword(settings.passwordFile, deps.reader);
  const opening = openStream(address, { ...settings, contexts, reader: deps.reader }, ending.signal);
  const opened = await withDeadline(deps.clock, connectMs, opening);
  if (opened.kind === 'timeout') {
    ending.abort();
    await opening.catch(() => undefined); // rejects at once: the abort is its error
    const through = settings.proxyUrl === undefined ? '' : ` through proxy ${settings.proxyUrl}`;
    const detail = `no connection to ${address.host}:${address.port}${through} within ${settings.connectTimeoutSeconds} s`;
    return { kind: 'failed', problem: linkProblem('network', detail) };
  }
  ending.signal.addEventListener('abort', () => opened.value.destroy(), { once: true });
  return connectLink({
    stream: opened.value,
    session: { ...settings, protocol: version, ...(password === undefined ? {} : { password }) },
    deadlines: {
      connackMs: Math.max(connectMs - (deps.clock.monotonicMs() - started), 1),
      ackMs: settings.ackTimeoutSeconds * 1000,
    },
    ...{ ...deps, ...memory },
  });
}

/** The file's content without the line end that editors add. */
async function readPassword(
  path: string | undefined,
  reader: Reader | undefined,
): Promise<Uint8Array | undefined> {
  if (path === undefined) return undefined;
  const bytes = await readSecretFile({
    ...{ what: 'mqtt.passwordFile', path, maxBytes: PASSWORD_BYTES_MAX, reader },
    allowed: 'a file that this user may read',
    codes: { unreadable: 'PASSWORD_FILE', tooWide: 'PASSWORD_FILE_RIGHTS' },
  });
  const text = Buffer.from(bytes).toString('latin1');
  return Buffer.from(text.replace(/\r?\n$/, ''), 'latin1');
}
