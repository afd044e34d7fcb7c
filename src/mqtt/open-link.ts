// From settings to a subscribed link: secrets, stream, session, within one deadline. It never tries twice.
import type { IncomingMessage, OpenLink, OpenOutcome } from '../domain.ts';
import { withDeadline, type Clock } from '../support/clock.ts';
import { errorMessage, OperatingError } from '../support/errors.ts';
import { readBoundedFile } from '../support/files.ts';
import { connectLink } from './link.ts';
import type { Session } from './packets.ts';
import { linkProblem, problemFromError } from './problem.ts';
import { chooseProtocol, type ProtocolSetting } from './protocol.ts';
import { openStream, parseBrokerUrl, type TlsOptions } from './stream.ts';

export interface BrokerSettings extends Omit<Session, 'protocol' | 'password'> {
  readonly url: string;
  readonly tls: TlsOptions;
  readonly protocol: ProtocolSetting;
  readonly passwordFile?: string;
  /** TCP + TLS + CONNACK. */
  readonly connectTimeoutSeconds: number;
  readonly ackTimeoutSeconds: number;
}

const PASSWORD_BYTES_MAX = 64 * 1024; // [MQTT-3.1.3.6]: a two-byte length

interface LinkDeps {
  readonly clock: Clock;
  readonly onMessage: (message: IncomingMessage) => void;
}

export function createOpenLink(settings: BrokerSettings, deps: LinkDeps): OpenLink {
  const protocol = chooseProtocol(settings.protocol);
  return async (signal) => {
    // Ends the attempt at the caller's word or at its deadline, whatever it is waiting for.
    const ending = new AbortController();
    const end = (): void => {
      ending.abort();
    };
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      const outcome = await attempt(settings, deps, { version: protocol.next(), ending });
      protocol.tell(outcome);
      return outcome;
    } catch (error) {
      const problem = signal.aborted ? linkProblem('stopped', errorMessage(error)) : problemFromError(error);
      return { kind: 'failed', problem };
    } finally {
      signal.removeEventListener('abort', end);
    }
  };
}

async function attempt(
  settings: BrokerSettings,
  deps: LinkDeps,
  { version, ending }: { version: 3 | 4 | 5; ending: AbortController },
): Promise<OpenOutcome> {
  const started = deps.clock.monotonicMs();
  const connectMs = settings.connectTimeoutSeconds * 1000;
  const address = parseBrokerUrl(settings.url);
  const password = await readPassword(settings.passwordFile);
  const opening = openStream(address, settings.tls, ending.signal);
  const opened = await withDeadline(deps.clock, connectMs, opening);
  if (opened.kind === 'timeout') {
    ending.abort();
    await opening.catch(() => undefined); // rejects at once: the abort is its error
    const detail = `no connection to ${address.host}:${address.port} within ${settings.connectTimeoutSeconds} s`;
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
    ...deps,
  });
}

/** The file's content without the line end that editors add. */
async function readPassword(path: string | undefined): Promise<Uint8Array | undefined> {
  if (path === undefined) return undefined;
  const file = await readBoundedFile(path, PASSWORD_BYTES_MAX);
  if (file.kind === 'read') {
    return Buffer.from(
      Buffer.from(file.bytes)
        .toString('latin1')
        .replace(/\r?\n$/, ''),
      'latin1',
    );
  }
  const found = file.kind === 'failed' ? file.code : file.kind;
  throw new OperatingError(
    `Cannot read mqtt.passwordFile ${path}: ${found}, a file that this user may read is needed`,
    {
      code: 'PASSWORD_FILE',
    },
  );
}
